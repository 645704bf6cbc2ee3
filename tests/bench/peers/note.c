/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/note.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/calendar.h"
#include "tests/bench/dice.h"
#include "tests/bench/fail.h"

#define START_MS UINT64_C(1700000000000) /* 2023-11-14T22:13:20Z */
#define MS_PER_DAY UINT64_C(86400000)
#define TITLE_SIZE 40
/* What texts are cut out of; a compressor finds little in it. */
#define WORDS_SIZE ((size_t)1 << 20)
#define LETTERS "abcdefghijklmnopqrstuvwxyz ,eaotin"
#define TYPES 10 /* what a type's share is counted in */
/* Coprime with NOTE_PARTNERSHIPS; STRIDE * STRIDE_INVERSE is 1 modulo it. */
#define STRIDE 387
#define STRIDE_INVERSE 323
#define TURN 619

/* Where the parts that change are in an event of a type. */
struct layout {
    uint8_t bytes[NOTE_SIZE];
    size_t id, date, slug, party, other_party, title, summary, summary_size;
};

static const char *const type_names[TYPES] = {
    "statement", "statement", "statement", "statement", "statement",
    "statement", "statement", "statement", "meeting",   "contact"};
static struct layout layouts[TYPES];
static char slugs[NOTE_PARTNERSHIPS][NOTE_SLUG_SIZE + 1];
static const char slug_apart[] = "org-990_org-991";
static char words[WORDS_SIZE];

/* A number that looks random and is another for each n. */
static uint64_t
scatter(uint64_t n)
{
    n = (n ^ (n >> 31)) * UINT64_C(0x7fb5d329728ea185);
    n = (n ^ (n >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
    return n ^ (n >> 33);
}

/* --- what does not change -------------------------------------------------*/

static size_t
put_gap(struct mp_buf *buf, const char *key, size_t size)
{
    char spaces[NOTE_SIZE];
    memset(spaces, ' ', sizeof(spaces));
    if (key != NULL)
        mp_put_text(buf, key);
    mp_put_str(buf, (struct span){(const uint8_t *)spaces, size});
    return buf->size - size;
}

static void
layout_make(struct layout *layout, const char *type)
{
    struct mp_buf buf = {0};
    mp_put_map(&buf, 7);
    layout->id = put_gap(&buf, "id", NOTE_ID_SIZE);
    layout->date = put_gap(&buf, "occurred", NOTE_DATE_SIZE);
    layout->slug = put_gap(&buf, "partnership", NOTE_SLUG_SIZE);
    mp_put_text(&buf, "parties");
    mp_put_array(&buf, 2);
    layout->party = put_gap(&buf, NULL, NOTE_SLUG_SIZE / 2);
    layout->other_party = put_gap(&buf, NULL, NOTE_SLUG_SIZE / 2);
    mp_put_text(&buf, "type");
    mp_put_text(&buf, type);
    layout->title = put_gap(&buf, "title", TITLE_SIZE);
    /* A str of 32 to 255 bytes has a header of two. */
    layout->summary_size = NOTE_SIZE - buf.size - sizeof("summary") - 2;
    layout->summary = put_gap(&buf, "summary", layout->summary_size);
    if (buf.failed || buf.size != NOTE_SIZE)
        fail("an event of %zu bytes is not of the size that was meant",
             buf.size);
    memcpy(layout->bytes, buf.data, NOTE_SIZE);
    mp_buf_deinit(&buf);
}

void
note_init(void)
{
    struct dice dice = {1};
    for (size_t i = 0; i < TYPES; i++)
        layout_make(&layouts[i], type_names[i]);
    for (unsigned i = 0; i < NOTE_PARTNERSHIPS; i++) {
        int size = snprintf(slugs[i], sizeof(slugs[i]), "org-%03u_org-%03u",
                            i % 40, 40 + i / 40);
        assert(size == NOTE_SLUG_SIZE);
    }
    for (size_t i = 0; i < WORDS_SIZE; i++)
        words[i] = LETTERS[dice_below(&dice, sizeof(LETTERS) - 1)];
}

/* --- event n --------------------------------------------------------------*/

uint64_t
note_ms(uint64_t n)
{
    return START_MS + NOTE_STEP_MS * n;
}

static char *
put_digits(char *at, uint64_t number, int count, char behind)
{
    for (int i = count - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    at[count] = behind;
    return at + count + 1;
}

void
note_put_date(char date[NOTE_DATE_SIZE], uint64_t ms)
{
    char text[NOTE_DATE_SIZE + 1], *at = text;
    uint64_t clock = ms % MS_PER_DAY;
    struct calendar_day day = calendar_day_of((int64_t)(ms / MS_PER_DAY));
    at = put_digits(at, (uint64_t)day.year, 4, '-');
    at = put_digits(at, (uint64_t)day.month, 2, '-');
    at = put_digits(at, (uint64_t)day.day, 2, 'T');
    at = put_digits(at, clock / 3600000, 2, ':');
    at = put_digits(at, clock / 60000 % 60, 2, ':');
    at = put_digits(at, clock / 1000 % 60, 2, '.');
    (void)put_digits(at, clock % 1000, 3, 'Z');
    memcpy(date, text, NOTE_DATE_SIZE);
}

static char *
put_hex(char *at, uint64_t number, int count)
{
    for (int i = count - 1; i >= 0; i--)
        *at++ = "0123456789abcdef"[number >> (4 * i) & 15];
    return at;
}

/* A UUIDv7: the time, then bits that look random. */
void
note_put_id(char id[NOTE_ID_SIZE], uint64_t n)
{
    uint64_t random = scatter(n), ms = note_ms(n);
    id = put_hex(id, ms >> 16, 8);
    *id++ = '-';
    id = put_hex(id, ms & 0xffff, 4);
    *id++ = '-';
    id = put_hex(id, 0x7000 | random >> 52, 4);
    *id++ = '-';
    id = put_hex(id, 0x8000 | (random >> 40 & 0xfff), 4);
    *id++ = '-';
    id = put_hex(id, random & 0xffffffff, 8);
    (void)put_hex(id, random >> 32 & 0xffff, 4);
}

static size_t
slug_index(uint64_t n)
{
    uint64_t run = (n - 1) / NOTE_PARTNERSHIPS;
    return (size_t)(((n - 1) * STRIDE + run * TURN) % NOTE_PARTNERSHIPS);
}

const char *
note_slug(uint64_t n)
{
    return n == 0 ? slug_apart : slugs[slug_index(n)];
}

const char *
note_type(uint64_t n)
{
    return type_names[scatter(n) % TYPES];
}

uint64_t
note_count(uint64_t n, uint64_t last)
{
    if (n == 0)
        return 1;
    uint64_t run = last / NOTE_PARTNERSHIPS;
    uint64_t turned = run * TURN % NOTE_PARTNERSHIPS;
    uint64_t place = (slug_index(n) + NOTE_PARTNERSHIPS - turned) *
                     STRIDE_INVERSE % NOTE_PARTNERSHIPS;
    return run + (place < last % NOTE_PARTNERSHIPS ? 1 : 0);
}

void
note_put(struct mp_buf *out, uint64_t n)
{
    const struct layout *layout = &layouts[scatter(n) % TYPES];
    const char *slug = note_slug(n);
    const char *text =
        words + scatter(n + 1) % (WORDS_SIZE - NOTE_SIZE - TITLE_SIZE);
    uint8_t *event = mp_buf_reserve(out, NOTE_SIZE);
    if (event == NULL)
        fail("no memory");
    memcpy(event, layout->bytes, NOTE_SIZE);
    note_put_id((char *)event + layout->id, n);
    note_put_date((char *)event + layout->date, note_ms(n));
    memcpy(event + layout->slug, slug, NOTE_SLUG_SIZE);
    memcpy(event + layout->party, slug, NOTE_SLUG_SIZE / 2);
    memcpy(event + layout->other_party, slug + NOTE_SLUG_SIZE / 2 + 1,
           NOTE_SLUG_SIZE / 2);
    memcpy(event + layout->title, text, TITLE_SIZE);
    event[layout->title] = event[layout->title + TITLE_SIZE - 1] = 'x';
    memcpy(event + layout->summary, text + TITLE_SIZE, layout->summary_size);
    event[layout->summary] = 'x';
    event[layout->summary + layout->summary_size - 1] = '.';
    out->size += NOTE_SIZE;
}
