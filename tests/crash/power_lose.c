/* SPDX-License-Identifier: MIT */
/* The part of power_disk that chooses states. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash/power_disk_parts.h"

/* --- chance ---------------------------------------------------------------*/

/* splitmix64, Steele, Lea, Flood 2014 */
static uint64_t
mix(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

static uint64_t
below(uint64_t *dice, uint64_t end)
{
    *dice += 0x9e3779b97f4a7c15u;
    return mix(*dice) % end;
}

/* --- rules ----------------------------------------------------------------*/

/* Which versions of a file's sectors the disk has got round to. */
enum rule_kind {
    RULE_NONE,
    RULE_ALL,
    RULE_BEFORE,      /* written in order, up to some write */
    RULE_FROM,        /* the other way round */
    RULE_WRITES,      /* some writes, whole */
    RULE_SECTORS,     /* some sectors */
    RULE_ONE_SECTOR,  /* a single one */
    RULE_BUT_SECTOR,  /* all but that */
    RULE_LAST,        /* the last write alone */
    RULE_BUT_LAST,    /* all but that */
    RULE_WAITING,     /* what is waited for, such as LMDB's meta pages */
    RULE_NOT_WAITING, /* all but that */
    RULE_COUNT,
};

static const char *const rule_names[RULE_COUNT] = {
    [RULE_NONE] = "nothing",
    [RULE_ALL] = "all",
    [RULE_BEFORE] = "what was first",
    [RULE_FROM] = "what was last",
    [RULE_WRITES] = "some writes",
    [RULE_SECTORS] = "some sectors",
    [RULE_ONE_SECTOR] = "one sector",
    [RULE_BUT_SECTOR] = "all but one sector",
    [RULE_LAST] = "the last write",
    [RULE_BUT_LAST] = "all but the last write",
    [RULE_WAITING] = "what is waited for",
    [RULE_NOT_WAITING] = "what is not waited for",
};

struct rule {
    enum rule_kind kind;
    uint64_t salt;
    unsigned share; /* of 16 */
    size_t entry;   /* a write */
    size_t sector;
};

static struct rule
rule_make(const struct disk_file *file, enum rule_kind kind, uint64_t *dice)
{
    struct rule rule = {.kind = kind, .salt = below(dice, UINT64_MAX)};
    static const unsigned shares[] = {1, 4, 8, 12, 15};
    rule.share = shares[below(dice, sizeof(shares) / sizeof(shares[0]))];
    if (file->version_count == 0)
        return rule;
    const struct disk_version *version =
        &file->versions[below(dice, file->version_count)];
    rule.sector = version->sector;
    rule.entry = version->entry;
    if (kind == RULE_LAST || kind == RULE_BUT_LAST)
        rule.entry = file->versions[file->version_count - 1].entry;
    return rule;
}

static bool
by_chance(const struct rule *rule, uint64_t what)
{
    return mix(rule->salt + what) % 16 < rule->share;
}

static bool
rule_takes(const struct power_disk *disk, const struct rule *rule,
           const struct disk_version *version, size_t index)
{
    switch (rule->kind) {
    case RULE_NONE:
        return false;
    case RULE_ALL:
    case RULE_COUNT:
        return true;
    case RULE_BEFORE:
        return version->entry <= rule->entry;
    case RULE_FROM:
        return version->entry >= rule->entry;
    case RULE_WRITES:
        return by_chance(rule, version->entry);
    case RULE_SECTORS:
        return by_chance(rule, index);
    case RULE_ONE_SECTOR:
        return version->sector == rule->sector;
    case RULE_BUT_SECTOR:
        return version->sector != rule->sector;
    case RULE_LAST:
        return version->entry == rule->entry;
    case RULE_BUT_LAST:
        return version->entry != rule->entry;
    case RULE_WAITING:
        return disk->trace->entries[version->entry]->waits != 0;
    case RULE_NOT_WAITING:
        return disk->trace->entries[version->entry]->waits == 0;
    }
    return true;
}

/* --- files ----------------------------------------------------------------*/

static void say(struct power_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct power_state *state, const char *format, ...)
{
    size_t used = strlen(state->what);
    va_list list;
    va_start(list, format);
    (void)vsnprintf(state->what + used, sizeof(state->what) - used, format,
                    list);
    va_end(list);
}

/* One of `floor` ... `last`: what a rule that takes all, or nothing, means, or
 * by chance. */
static size_t
choose_from(size_t floor, size_t last, enum rule_kind kind, uint64_t *dice)
{
    uint64_t chance = below(dice, 4);
    if (kind == RULE_NONE)
        return floor;
    if (kind == RULE_ALL || chance < 2)
        return last;
    return chance == 2 ? floor : floor + below(dice, last - floor + 1);
}

static struct power_file *
add_file(struct power_state *state, const char *name, size_t size)
{
    ck_assert_uint_lt(state->file_count, POWER_FILES_MAX);
    struct power_file *file = &state->files[state->file_count++];
    snprintf(file->name, sizeof(file->name), "%s", name);
    size_t room = (size + SECTOR_SIZE) / SECTOR_SIZE * SECTOR_SIZE;
    if (room > file->room) {
        free(file->bytes);
        file->bytes = malloc(room);
        ck_assert_ptr_nonnull(file->bytes);
        file->room = room;
    }
    file->size = size;
    return file;
}

static void
fill(uint8_t *bytes, size_t size, const uint8_t *from, size_t from_size)
{
    size_t common = size < from_size ? size : from_size;
    if (common > 0)
        memcpy(bytes, from, common);
    memset(bytes + common, 0, size - common);
}

static void
lose_file(const struct power_disk *disk, const struct disk_name *name,
          enum rule_kind kind, uint64_t *dice, struct power_state *state)
{
    const struct disk_file *file = &disk->files[name->file];
    size_t last = file->inode_count - 1, taken = 0;
    struct rule rule = rule_make(file, kind, dice);
    size_t size =
        file->inodes[choose_from(file->size_floor, last, kind, dice)].size;
    struct power_file *made = add_file(state, name->name, size);
    made->mtime =
        file->inodes[choose_from(file->time_floor, last, kind, dice)].mtime;
    fill(made->bytes, size, file->stable, file->room);
    for (size_t i = 0; i < file->version_count; i++) {
        const struct disk_version *version = &file->versions[i];
        size_t at = version->sector * SECTOR_SIZE;
        if (at >= size || !rule_takes(disk, &rule, version, i))
            continue;
        size_t part = size - at < SECTOR_SIZE ? size - at : SECTOR_SIZE;
        memcpy(made->bytes + at, version->bytes, part);
        taken++;
    }
    if (file->version_count > 0)
        say(state, "; %s (%zu B): %s, %zu of %zu", name->name, size,
            rule_names[kind], taken, file->version_count);
}

static void
hash(struct power_state *state)
{
    uint64_t sum = state->file_count;
    for (size_t i = 0; i < state->file_count; i++) {
        const struct power_file *file = &state->files[i];
        sum = mix(sum + file->size + (uint64_t)file->mtime);
        for (const char *c = file->name; *c != '\0'; c++)
            sum = mix(sum + (uint8_t)*c);
        uint64_t word;
        for (size_t at = 0; at < file->size; at += sizeof(word)) {
            word = 0;
            size_t left = file->size - at;
            memcpy(&word, file->bytes + at,
                   left < sizeof(word) ? left : sizeof(word));
            sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
            sum ^= sum >> 29;
        }
    }
    state->hash = sum;
}

/* --- all of it ------------------------------------------------------------*/

/* How the rules of several files belong together. */
enum plan {
    PLAN_ALIKE, /* the same rule for each */
    PLAN_OWN,   /* each its own */
    PLAN_ONE,   /* one its own, and of the others nothing */
    PLAN_OTHER, /* one its own, and of the others all */
    PLAN_COUNT,
};

void
power_disk_lose(const struct power_disk *disk, uint64_t dice,
                struct power_state *state)
{
    struct disk_names names;
    enum plan plan = (enum plan)below(&dice, PLAN_COUNT);
    enum rule_kind kind = (enum rule_kind)below(&dice, RULE_COUNT);
    size_t changes =
        choose_from(disk->change_floor, disk->change_count, kind, &dice);
    disk_names_after(disk, changes, &names);
    state->file_count = 0;
    state->what[0] = '\0';
    say(state, "%zu of %zu names", changes, disk->change_count);
    size_t own = names.count > 0 ? below(&dice, names.count) : 0;
    for (size_t i = 0; i < names.count; i++) {
        enum rule_kind this = kind;
        if (plan == PLAN_OWN)
            this = (enum rule_kind)below(&dice, RULE_COUNT);
        else if (plan != PLAN_ALIKE && i != own)
            this = plan == PLAN_ONE ? RULE_NONE : RULE_ALL;
        lose_file(disk, &names.all[i], this, &dice, state);
    }
    hash(state);
}

bool
power_disk_is_open(const struct power_disk *disk)
{
    struct disk_names names;
    disk_names_after(disk, disk->change_count, &names);
    for (size_t i = 0; i < names.count; i++)
        if (disk->files[names.all[i].file].version_count > 0)
            return true;
    return disk->change_floor < disk->change_count;
}

void
power_disk_see(const struct power_disk *disk, struct power_state *state)
{
    struct disk_names names;
    disk_names_after(disk, disk->change_count, &names);
    state->file_count = 0;
    state->what[0] = '\0';
    for (size_t i = 0; i < names.count; i++) {
        const struct disk_file *file = &disk->files[names.all[i].file];
        const struct disk_inode *inode = &file->inodes[file->inode_count - 1];
        struct power_file *made =
            add_file(state, names.all[i].name, inode->size);
        made->mtime = inode->mtime;
        fill(made->bytes, inode->size, file->seen, file->room);
    }
    hash(state);
}
