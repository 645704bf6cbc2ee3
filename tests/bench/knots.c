/* SPDX-License-Identifier: MIT */
#include "tests/bench/knots.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID_SIZE 64

/* What an event has where the knot's own is left out. */
static const struct knot_names elsewhere = {"knots-elsewhere", "knots-nobody",
                                            "x-elsewhere"};

const struct knot_names knot_names[KNOT_COUNT] = {
    [KNOT_PARTNERSHIP_PARTY] = {"knot-1", "knot-1-party", NULL},
    [KNOT_PARTNERSHIP_TYPE] = {"knot-2", NULL, "x-knot-2"},
    [KNOT_PARTY_TYPE] = {NULL, "knot-3-party", "x-knot-3"},
    [KNOT_ALL] = {"knot-4", "knot-4-party", "x-knot-4"},
};

/* Each strand of each knot, by what it leaves out. */
enum part { PART_PARTNERSHIP, PART_PARTY, PART_TYPE };
static const struct {
    enum knot knot;
    enum part without;
} strands[] = {
    {KNOT_PARTNERSHIP_PARTY, PART_PARTNERSHIP},
    {KNOT_PARTNERSHIP_PARTY, PART_PARTY},
    {KNOT_PARTNERSHIP_TYPE, PART_PARTNERSHIP},
    {KNOT_PARTNERSHIP_TYPE, PART_TYPE},
    {KNOT_PARTY_TYPE, PART_PARTY},
    {KNOT_PARTY_TYPE, PART_TYPE},
    {KNOT_ALL, PART_PARTNERSHIP},
    {KNOT_ALL, PART_PARTY},
    {KNOT_ALL, PART_TYPE},
};

static const char *
either(const char *name, const char *otherwise)
{
    return name != NULL ? name : otherwise;
}

static void
put_pair(struct mp_buf *out, const char *key, const char *text)
{
    mp_put_text(out, key);
    mp_put_text(out, text);
}

static void
put_event(struct mp_buf *out, const char *id, const struct knot_names *names,
          const char *occurred)
{
    mp_put_map(out, 6);
    put_pair(out, "id", id);
    put_pair(out, "type", either(names->type, elsewhere.type));
    put_pair(out, "partnership",
             either(names->partnership, elsewhere.partnership));
    mp_put_text(out, "parties");
    mp_put_array(out, 1);
    mp_put_text(out, either(names->party, elsewhere.party));
    put_pair(out, "occurred", occurred);
    put_pair(out, "title", "knot");
}

void
knots_put_strand(struct mp_buf *out, const char *prefix, uint64_t index,
                 const char *occurred)
{
    char id[ID_SIZE];
    size_t strand = index % COUNT(strands);
    struct knot_names names = knot_names[strands[strand].knot];
    switch (strands[strand].without) {
    case PART_PARTNERSHIP:
        names.partnership = NULL;
        break;
    case PART_PARTY:
        names.party = NULL;
        break;
    case PART_TYPE:
        names.type = NULL;
        break;
    }
    snprintf(id, sizeof(id), "%s.strand-%llu", prefix,
             (unsigned long long)index);
    put_event(out, id, &names, occurred);
}

void
knots_put(struct mp_buf *out, const char *prefix, enum knot knot,
          uint32_t index, const char *occurred)
{
    char id[ID_SIZE];
    snprintf(id, sizeof(id), "%s.knot-%d-%u", prefix, (int)knot, index);
    put_event(out, id, &knot_names[knot], occurred);
}
