/* SPDX-License-Identifier: MIT */
#include "proto/manual/page.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK ".\\\" @"

#define PARTS_MAX 16

/* Escaping makes some of it longer; mandoc likes at most 80. */
#define LINE_SIZE ((size_t)64)

static void
put(char character)
{
    switch (character) {
    case '\\':
        fputs("\\e", stdout);
        break;
    case '-':
        fputs("\\-", stdout);
        break;
    case '"':
        fputs("\\(dq", stdout);
        break;
    case '`':
    case '\'':
        fputs("\\(aq", stdout);
        break;
    default:
        putchar(character);
    }
}

void
page_word(const char *text)
{
    while (*text != '\0')
        put(*text++);
}

/* A line of the page ends where a sentence does, and when it is long. */
static bool
ends_line(const char *word, size_t size, size_t column, size_t next_size)
{
    return (size > 0 && word[size - 1] == '.') ||
           column + next_size > LINE_SIZE;
}

void
page_text(const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        /* A point in front would make it a request. */
        if (column == 0 && (text[0] == '.' || text[0] == '\''))
            fputs("\\&", stdout);
        for (size_t i = 0; i < size; i++)
            put(text[i]);
        const char *next = text + size + strspn(text + size, " ");
        column += size + 1;
        if (*next != '\0' &&
            ends_line(text, size, column, strcspn(next, " "))) {
            putchar('\n');
            column = 0;
        } else if (*next != '\0') {
            putchar(' ');
        }
        text = next;
    }
    putchar('\n');
}

void
page_item(const char *macro, const char *label, const char *text)
{
    printf(".It %s ", macro);
    page_word(label);
    putchar('\n');
    page_text(text);
}

/* The part that `line` asks for, `count` where there is none of that name. */
static size_t
part_of(const struct page_part *parts, const char *line)
{
    size_t i = 0;
    for (; parts[i].name != NULL; i++) {
        size_t size = strlen(parts[i].name);
        if (strncmp(line, parts[i].name, size) == 0 && line[size] == '@')
            return i;
    }
    errx(EXIT_FAILURE, "nothing makes @%s", line);
}

int
page_fill(const struct page_part *parts)
{
    bool wanted[PARTS_MAX] = {false};
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        if (strncmp(line, MARK, strlen(MARK)) != 0) {
            fputs(line, stdout);
            continue;
        }
        size_t i = part_of(parts, line + strlen(MARK));
        wanted[i] = true;
        parts[i].print();
    }
    free(line);
    for (size_t i = 0; parts[i].name != NULL; i++)
        if (!wanted[i])
            errx(EXIT_FAILURE, "the page lacks @%s@", parts[i].name);
    return fflush(stdout) == 0 && !ferror(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
