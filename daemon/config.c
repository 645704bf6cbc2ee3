/* SPDX-License-Identifier: MIT */
#include "daemon/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/model.h"

/* More sections, or keys in one of them, than there are. */
#define NAMES_MAX 32u

struct reading {
    FILE *file;
    struct settings *settings;
    size_t line;       /* of the file, from 1 */
    size_t fault_line; /* 0: none */
    struct diag_reason fault;
};

static void
blame(struct reading *reading, const char *format, const char *a, const char *b,
      const char *c)
{
    reading->fault_line = reading->line;
    diag_because(&reading->fault, format, a, b, c);
}

/* --- names ----------------------------------------------------------------*/

static bool
is_in(const struct setting *row, const char *section)
{
    return row->section != NULL && strcmp(row->section, section) == 0;
}

static const char *
nearest_section(const char *section)
{
    const char *names[NAMES_MAX] = {NULL};
    size_t count = 0;
    for (const struct setting *row = settings_table; row->key != NULL; row++)
        names[count++] = row->section;
    return model_nearest(span_of(section), names, count);
}

static const char *
nearest_key(const char *section, const char *key)
{
    const char *names[NAMES_MAX] = {NULL};
    size_t count = 0;
    for (const struct setting *row = settings_table; row->key != NULL; row++)
        if (is_in(row, section))
            names[count++] = row->key;
    return model_nearest(span_of(key), names, count);
}

static bool
is_section(const char *section)
{
    for (const struct setting *row = settings_table; row->key != NULL; row++)
        if (is_in(row, section))
            return true;
    return false;
}

/* A key that stands in another section, the likeliest mistake of all. */
static const char *
section_of(const char *key)
{
    for (const struct setting *row = settings_table; row->key != NULL; row++)
        if (strcmp(row->key, key) == 0)
            return row->section;
    return NULL;
}

static void
blame_name(struct reading *reading, const char *section, const char *key)
{
    const char *nearest;
    if (section[0] == '\0')
        blame(reading,
              "%s stands in no section; the sections are [daemon], [access], "
              "[tls] and [limits]%s%s",
              key, "", "");
    else if (!is_section(section) &&
             (nearest = nearest_section(section)) != NULL)
        blame(reading, "no section [%s]; did you mean [%s]?%s", section,
              nearest, "");
    else if (!is_section(section))
        blame(reading,
              "no section [%s]; there are [daemon], [access], [tls] and "
              "[limits]%s%s",
              section, "", "");
    else if ((nearest = section_of(key)) != NULL)
        blame(reading, "%s does not belong in [%s] but in [%s]", key, section,
              nearest);
    else if ((nearest = nearest_key(section, key)) != NULL)
        blame(reading, "no %s in [%s]; did you mean %s?", key, section,
              nearest);
    else
        blame(reading, "no %s in [%s]; entented.conf(5) says what there is%s",
              key, section, "");
}

static const struct setting *
find(const char *section, const char *key)
{
    for (const struct setting *row = settings_table; row->key != NULL; row++)
        if (is_in(row, section) && strcmp(row->key, key) == 0)
            return row;
    return NULL;
}

/* --- reading --------------------------------------------------------------*/

static int
on_pair(void *context, const char *section, const char *key, const char *value)
{
    struct reading *reading = context;
    struct diag_reason why;
    if (reading->fault_line > 0)
        return 0;
    const struct setting *setting = find(section, key);
    if (setting == NULL) {
        blame_name(reading, section, key);
        return 0;
    }
    if (strstr(value, " #") != NULL) {
        blame(reading, "%s: behind a value a comment begins with ;%s%s", key,
              "", "");
        return 0;
    }
    if (!settings_set(reading->settings, setting, SETTINGS_FILE, value, &why)) {
        blame(reading, "%s: %s%s", key, why.text, "");
        return 0;
    }
    return 1;
}

/* fgets, that counts lines and refuses what the parser would cut in two. */
static char *
next_line(char *line, int size, void *context)
{
    struct reading *reading = context;
    if (reading->fault_line > 0 || fgets(line, size, reading->file) == NULL)
        return NULL;
    reading->line++;
    size_t length = strlen(line);
    if (length + 1 == (size_t)size && line[length - 1] != '\n') {
        blame(reading, "the line is too long: at most 198 bytes%s%s%s", "", "",
              "");
        return NULL;
    }
    return line;
}

static int
check_file(const char *path, FILE *file, struct diag_reason *reason)
{
    struct stat status;
    if (fstat(fileno(file), &status) != 0 || S_ISDIR(status.st_mode)) {
        diag_because(reason, "%s: not a file", path);
        return -EINVAL;
    }
    if (status.st_mode & S_IWOTH && S_ISREG(status.st_mode)) {
        diag_because(reason,
                     "%s has mode %04o: everybody could change it; expected "
                     "0644",
                     path, (unsigned)status.st_mode & 07777);
        return -EPERM;
    }
    return 0;
}

static int
read_file(struct reading *reading, const char *path, struct diag_reason *reason)
{
    int rc = check_file(path, reading->file, reason);
    if (rc != 0)
        return rc;
    int line = ini_parse_stream(next_line, reading, on_pair, reading);
    if (ferror(reading->file)) {
        diag_because(reason, "%s: cannot be read", path);
        return -EIO;
    }
    if (line < 0) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    /* Lines that are neither a pair nor a section the parser passes over. */
    if (line > 0 &&
        (reading->fault_line == 0 || (size_t)line < reading->fault_line)) {
        diag_because(reason, "%s:%d: expected \"key = value\" or \"[section]\"",
                     path, line);
        return -EINVAL;
    }
    if (reading->fault_line > 0) {
        diag_because(reason, "%s:%zu: %s", path, reading->fault_line,
                     reading->fault.text);
        return -EINVAL;
    }
    return 0;
}

int
config_read(const char *path, struct settings *settings,
            struct diag_reason *reason)
{
    struct reading reading = {.settings = settings};
    reading.file = fopen(path, "re");
    if (reading.file == NULL) {
        int rc = -errno;
        diag_because(reason, "%s: %s", path, strerror(-rc));
        return rc;
    }
    int rc = read_file(&reading, path, reason);
    fclose(reading.file);
    return rc;
}
