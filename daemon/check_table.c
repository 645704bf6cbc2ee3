/* SPDX-License-Identifier: MIT */
#include "daemon/check_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/xxh3.h"

/* Slots at first: a page of them. */
#define TABLE_CAPACITY_MIN ((uint64_t)128)

struct check_table {
    struct check_entry *entries;
    uint64_t capacity; /* a power of two, of which three quarters are taken */
    uint64_t count;
};

const char *
check_table_directory(void)
{
    const char *directory = getenv("TMPDIR");
    return directory != NULL && directory[0] == '/' ? directory : "/var/tmp";
}

/* A file without a name, with all its blocks: a write to a page that finds no
 * room would be a signal. */
static int
make_file(uint64_t size)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/entente-check-XXXXXX",
                          check_table_directory());
    if (length < 0 || (size_t)length >= sizeof path)
        return -ENAMETOOLONG;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    (void)unlink(path);
    int rc = -posix_fallocate(fd, 0, (off_t)size);
    if (rc == 0)
        return fd;
    close(fd);
    return rc;
}

/* Empty slots, or NULL with `reason`. */
static struct check_entry *
make_slots(uint64_t capacity, struct diag_reason *reason)
{
    uint64_t size = capacity * sizeof(struct check_entry);
    int fd = make_file(size), rc = fd < 0 ? fd : 0;
    void *map = MAP_FAILED;
    if (rc == 0)
        map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (rc == 0 && map == MAP_FAILED)
        rc = -errno;
    if (fd >= 0)
        close(fd);
    if (rc == 0)
        return map;
    diag_because(reason, "%s: no room for %llu bytes: %s; set TMPDIR",
                 check_table_directory(), (unsigned long long)size,
                 strerror(-rc));
    return NULL;
}

int
check_table_new(struct check_table **made, struct diag_reason *reason)
{
    struct check_table *table = calloc(1, sizeof *table);
    if (table == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    table->capacity = TABLE_CAPACITY_MIN;
    table->entries = make_slots(table->capacity, reason);
    if (table->entries == NULL) {
        free(table);
        return -ENOSPC;
    }
    *made = table;
    return 0;
}

void
check_table_free(struct check_table *table)
{
    if (table == NULL)
        return;
    munmap(table->entries, table->capacity * sizeof *table->entries);
    free(table);
}

static bool
is_empty(const struct check_entry *entry)
{
    return entry->hash[0] == 0 && entry->hash[1] == 0;
}

/* The slot of a hash, or the empty one where it would be. */
static struct check_entry *
probe(struct check_entry *entries, uint64_t capacity, const uint64_t hash[2])
{
    for (uint64_t at = hash[0];; at++) {
        struct check_entry *entry = &entries[at & (capacity - 1)];
        if (is_empty(entry) ||
            (entry->hash[0] == hash[0] && entry->hash[1] == hash[1]))
            return entry;
    }
}

static void
hash_name(struct span name, uint64_t hash[2])
{
    XXH128_hash_t wide = XXH3_128bits(name.data, name.size);
    hash[0] = wide.low64;
    hash[1] = wide.low64 == 0 && wide.high64 == 0 ? 1 : wide.high64;
}

static bool
grow(struct check_table *table, struct diag_reason *reason)
{
    struct check_entry *entries = make_slots(2 * table->capacity, reason);
    if (entries == NULL)
        return false;
    for (uint64_t at = 0; at < table->capacity; at++) {
        const struct check_entry *entry = &table->entries[at];
        if (!is_empty(entry))
            *probe(entries, 2 * table->capacity, entry->hash) = *entry;
    }
    munmap(table->entries, table->capacity * sizeof *table->entries);
    table->entries = entries;
    table->capacity *= 2;
    return true;
}

struct check_entry *
check_table_get(struct check_table *table, struct span name,
                struct diag_reason *reason)
{
    uint64_t hash[2];
    if (table->count >= table->capacity / 4 * 3 && !grow(table, reason))
        return NULL;
    hash_name(name, hash);
    struct check_entry *entry = probe(table->entries, table->capacity, hash);
    if (is_empty(entry)) {
        table->count++;
        entry->hash[0] = hash[0];
        entry->hash[1] = hash[1];
    }
    return entry;
}

const struct check_entry *
check_table_find(const struct check_table *table, struct span name)
{
    uint64_t hash[2];
    hash_name(name, hash);
    const struct check_entry *entry =
        probe(table->entries, table->capacity, hash);
    return is_empty(entry) ? NULL : entry;
}

uint64_t
check_table_count(const struct check_table *table)
{
    return table->count;
}
