/* SPDX-License-Identifier: MIT */
#include "proto/event_parts.h"

/* A byte in each of eight lanes. */
#define LANES(byte) (UINT64_C(0x0101010101010101) * (byte))

#define LANE_SIZE sizeof(uint64_t)

/* What may begin and what may follow in a name. */
enum {
    SLUG_FIRST = 1,
    SLUG_REST = 2,
    ID_FIRST = 4,
    ID_REST = 8,
};

static const uint8_t name_bytes[256] = {
    ['a' ... 'z'] = SLUG_FIRST | SLUG_REST | ID_FIRST | ID_REST,
    ['0' ... '9'] = SLUG_FIRST | SLUG_REST | ID_FIRST | ID_REST,
    ['A' ... 'Z'] = ID_FIRST | ID_REST,
    ['.'] = SLUG_REST | ID_REST,
    ['_'] = SLUG_REST | ID_REST,
    ['-'] = SLUG_REST | ID_REST,
    [':'] = ID_REST,
};

static bool
is_name(struct span text, size_t size_max, uint8_t first, uint8_t rest)
{
    if (text.size == 0 || text.size > size_max ||
        (name_bytes[text.data[0]] & first) == 0)
        return false;
    for (size_t i = 1; i < text.size; i++)
        if ((name_bytes[text.data[i]] & rest) == 0)
            return false;
    return true;
}

bool
event_is_id(struct span text)
{
    return is_name(text, MODEL_ID_SIZE_MAX, ID_FIRST, ID_REST);
}

bool
event_is_slug(struct span text)
{
    return is_name(text, MODEL_SLUG_SIZE_MAX, SLUG_FIRST, SLUG_REST);
}

/*
 * Are eight bytes all printable ASCII?  A lane's high bit ends up set where
 * its byte is above 0x7e (it is itself, or the sum) or below 0x20 (the
 * difference borrows).  A borrow or carry only spoils lanes beside a lane that
 * already failed.
 */
static bool
is_plain(const uint8_t *at)
{
    uint64_t lanes;
    memcpy(&lanes, at, sizeof(lanes));
    return ((lanes | (lanes + LANES(0x01)) | (lanes - LANES(0x20))) &
            LANES(0x80)) == 0;
}

/* The lead bytes of RFC 3629 and what may be their second byte, which rules
 * out overlong forms, surrogates and what lies beyond U+10FFFF. */
struct utf8_lead {
    uint8_t first, last;
    uint8_t size;
    uint8_t second_first, second_last;
};

static const struct utf8_lead utf8_leads[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static bool
utf8_continues(const struct utf8_lead *lead, struct span text)
{
    if (text.size < lead->size || text.data[1] < lead->second_first ||
        text.data[1] > lead->second_last)
        return false;
    for (size_t i = 2; i < lead->size; i++)
        if ((text.data[i] & 0xc0) != 0x80)
            return false;
    return true;
}

size_t
event_text_character(struct span text)
{
    if (text.size == 0)
        return 0;
    if (text.data[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof(utf8_leads) / sizeof(utf8_leads[0]); i++) {
        const struct utf8_lead *lead = &utf8_leads[i];
        if (text.data[0] >= lead->first && text.data[0] <= lead->last)
            return utf8_continues(lead, text) ? lead->size : 0;
    }
    return 0;
}

bool
event_text_is_control(struct span character)
{
    uint8_t byte = character.data[0];
    if (character.size == 1)
        return byte < 0x20 || byte == 0x7f;
    /* U+0080 to U+009F */
    return character.size == 2 && byte == 0xc2 && character.data[1] < 0xa0;
}

const char *
event_text_flaw(struct span text, bool lines)
{
    size_t at = 0;
    while (at < text.size) {
        if (text.size - at >= LANE_SIZE && is_plain(text.data + at)) {
            at += LANE_SIZE;
            continue;
        }
        struct span rest = {text.data + at, text.size - at};
        rest.size = event_text_character(rest);
        if (rest.size == 0)
            return "is not valid UTF-8";
        bool is_line = *rest.data == '\t' || *rest.data == '\n';
        if (event_text_is_control(rest) && !(lines && is_line))
            return lines ? "has a control character other than tab and newline"
                         : "has a control character; it must be one line";
        at += rest.size;
    }
    return NULL;
}

bool
event_is_text(struct span text, bool lines)
{
    return event_text_flaw(text, lines) == NULL;
}
