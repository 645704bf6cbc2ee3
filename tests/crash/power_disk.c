/* SPDX-License-Identifier: MIT */
#include "tests/crash/power_disk.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash/power_disk_parts.h"

/* --- names ----------------------------------------------------------------*/

static struct disk_name *
find_name(struct disk_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->all[i].name, name) == 0)
            return &names->all[i];
    return NULL;
}

static void
remove_name(struct disk_names *names, const char *name)
{
    struct disk_name *found = find_name(names, name);
    if (found != NULL)
        *found = names->all[--names->count];
}

/* It takes the place of a file that had the name. */
static void
add_name(struct disk_names *names, const char *name, uint32_t file)
{
    remove_name(names, name);
    ck_assert_uint_lt(names->count, POWER_FILES_MAX);
    struct disk_name *added = &names->all[names->count++];
    snprintf(added->name, sizeof(added->name), "%s", name);
    added->file = file;
}

static uint32_t
file_named(struct disk_names *names, const char *name)
{
    const struct disk_name *found = find_name(names, name);
    ck_assert_msg(found != NULL, "the trace knows no %s", name);
    return found->file;
}

static void
change_names(struct disk_names *names, const struct record_entry *entry)
{
    const struct record_names *behind = power_trace_names(entry);
    if (entry->kind == RECORD_CREATE)
        add_name(names, behind->name, entry->file);
    else if (entry->kind != RECORD_UNLINK)
        add_name(names, behind->other, file_named(names, behind->name));
    if (entry->kind == RECORD_RENAME || entry->kind == RECORD_UNLINK)
        remove_name(names, behind->name);
}

void
disk_names_after(const struct power_disk *disk, size_t count,
                 struct disk_names *names)
{
    names->count = 0;
    for (size_t i = 0; disk->base != NULL && i < disk->base->file_count; i++)
        add_name(names, disk->base->files[i].name, (uint32_t)i + 1);
    for (size_t i = 0; i < count; i++)
        change_names(names, disk->changes[i].what);
}

static void
add_change(struct power_disk *disk, const struct record_entry *entry)
{
    disk->changes = realloc(disk->changes, (disk->change_count + 1) *
                                               sizeof(disk->changes[0]));
    ck_assert_ptr_nonnull(disk->changes);
    disk->changes[disk->change_count++] =
        (struct disk_change){.entry = disk->next, .what = entry};
}

/* --- bytes ----------------------------------------------------------------*/

static void
reserve(struct disk_file *file, size_t size)
{
    if (size <= file->room)
        return;
    size_t room = file->room < 65536 ? 65536 : file->room;
    while (room < size)
        room *= 2;
    file->seen = realloc(file->seen, room);
    file->stable = realloc(file->stable, room);
    ck_assert(file->seen != NULL && file->stable != NULL);
    memset(file->seen + file->room, 0, room - file->room);
    memset(file->stable + file->room, 0, room - file->room);
    file->room = room;
}

static void
add_version(struct disk_file *file, size_t sector, size_t entry)
{
    if (file->version_count == file->version_room) {
        file->version_room = file->version_room * 2 + 64;
        file->versions = realloc(file->versions, file->version_room *
                                                     sizeof(file->versions[0]));
        ck_assert_ptr_nonnull(file->versions);
    }
    struct disk_version *version = &file->versions[file->version_count++];
    version->sector = sector;
    version->entry = entry;
    memcpy(version->bytes, file->seen + sector * SECTOR_SIZE, SECTOR_SIZE);
}

static void
add_inode(struct disk_file *file, size_t entry, size_t size, int64_t mtime)
{
    file->inodes = realloc(file->inodes,
                           (file->inode_count + 1) * sizeof(file->inodes[0]));
    ck_assert_ptr_nonnull(file->inodes);
    file->inodes[file->inode_count++] =
        (struct disk_inode){.entry = entry, .size = size, .mtime = mtime};
}

static size_t
size_of(const struct disk_file *file)
{
    return file->inodes[file->inode_count - 1].size;
}

/* `bytes` NULL: zeros. */
static void
change_bytes(struct disk_file *file, size_t at, const uint8_t *bytes,
             size_t size, size_t entry)
{
    if (size == 0)
        return;
    reserve(file, at + size);
    if (bytes != NULL)
        memcpy(file->seen + at, bytes, size);
    else
        memset(file->seen + at, 0, size);
    size_t last = (at + size - 1) / SECTOR_SIZE;
    for (size_t sector = at / SECTOR_SIZE; sector <= last; sector++)
        add_version(file, sector, entry);
}

static void
write_bytes(struct power_disk *disk, const struct record_entry *entry)
{
    struct disk_file *file = &disk->files[entry->file];
    size_t end = entry->at + entry->size;
    size_t size = size_of(file);
    const uint8_t *bytes =
        entry->kind == RECORD_ZERO ? NULL : power_trace_bytes(entry);
    change_bytes(file, entry->at, bytes, entry->size, disk->next);
    add_inode(file, disk->next, end > size ? end : size, entry->mtime);
}

/* What is cut off reads as zeros when the file grows again. */
static void
change_size(struct power_disk *disk, const struct record_entry *entry)
{
    struct disk_file *file = &disk->files[entry->file];
    size_t before = size_of(file);
    if (entry->size < before)
        change_bytes(file, entry->size, NULL, before - entry->size, disk->next);
    add_inode(file, disk->next, entry->size, entry->mtime);
}

/* --- flushes --------------------------------------------------------------*/

/* What sectors from `first` to `last` held before entry `end` is durable. */
static void
settle(struct disk_file *file, size_t first, size_t last, size_t end)
{
    size_t left = 0;
    for (size_t i = 0; i < file->version_count; i++) {
        const struct disk_version *version = &file->versions[i];
        if (version->entry < end && version->sector >= first &&
            version->sector <= last)
            memcpy(file->stable + version->sector * SECTOR_SIZE, version->bytes,
                   SECTOR_SIZE);
        else if (left++ != i)
            file->versions[left - 1] = *version;
    }
    file->version_count = left;
}

/* The last of what the inode said before entry `end`. */
static size_t
inode_before(const struct disk_file *file, size_t end)
{
    size_t index = file->inode_count - 1;
    while (index > 0 && file->inodes[index].entry >= end)
        index--;
    return index;
}

static size_t
later(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void
flushed(struct power_disk *disk, const struct record_entry *entry)
{
    struct disk_file *file = &disk->files[entry->file];
    if (entry->file == RECORD_DIRECTORY) {
        size_t floor = disk->change_floor;
        while (floor < disk->change_count &&
               disk->changes[floor].entry < entry->at)
            floor++;
        disk->change_floor = floor;
        return;
    }
    size_t inode = inode_before(file, entry->at);
    settle(file, 0, SIZE_MAX, entry->at);
    file->size_floor = later(file->size_floor, inode);
    if (entry->data_only == 0)
        file->time_floor = later(file->time_floor, inode);
}

static void
stored(struct power_disk *disk, const struct record_entry *entry)
{
    struct disk_file *file = &disk->files[entry->file];
    const struct record_entry *write = disk->trace->entries[entry->at];
    if (write->size == 0)
        return;
    settle(file, write->at / SECTOR_SIZE,
           (write->at + write->size - 1) / SECTOR_SIZE, entry->at + 1);
    file->size_floor =
        later(file->size_floor, inode_before(file, entry->at + 1));
}

/* --- following the trace --------------------------------------------------*/

static void
follow(struct power_disk *disk, const struct record_entry *entry)
{
    switch ((enum record_kind)entry->kind) {
    case RECORD_CREATE:
        add_inode(&disk->files[entry->file], disk->next, 0, entry->mtime);
        add_change(disk, entry);
        break;
    case RECORD_RENAME:
    case RECORD_LINK:
    case RECORD_UNLINK:
        add_change(disk, entry);
        break;
    case RECORD_WRITE:
    case RECORD_ZERO:
        write_bytes(disk, entry);
        break;
    case RECORD_SIZE:
        change_size(disk, entry);
        break;
    case RECORD_FLUSHED:
        flushed(disk, entry);
        break;
    case RECORD_STORED:
        stored(disk, entry);
        break;
    case RECORD_START:
    case RECORD_FLUSH:
    case RECORD_SENT:
        break;
    }
}

void
power_disk_advance(struct power_disk *disk, size_t end)
{
    ck_assert_uint_le(disk->next, end);
    ck_assert_uint_le(end, disk->trace->count);
    for (; disk->next < end; disk->next++)
        follow(disk, disk->trace->entries[disk->next]);
}

struct power_disk *
power_disk_new(const struct power_trace *trace, const struct power_state *base)
{
    struct power_disk *disk = calloc(1, sizeof(*disk));
    ck_assert_ptr_nonnull(disk);
    disk->trace = trace;
    disk->base = base;
    for (size_t i = 0; base != NULL && i < base->file_count; i++) {
        const struct power_file *from = &base->files[i];
        struct disk_file *file = &disk->files[i + 1];
        reserve(file, from->size);
        if (from->size > 0) {
            memcpy(file->seen, from->bytes, from->size);
            memcpy(file->stable, from->bytes, from->size);
        }
        add_inode(file, 0, from->size, from->mtime);
    }
    return disk;
}

void
power_disk_free(struct power_disk *disk)
{
    for (size_t i = 0; i <= RECORD_FILES_MAX; i++) {
        free(disk->files[i].seen);
        free(disk->files[i].stable);
        free(disk->files[i].versions);
        free(disk->files[i].inodes);
    }
    free(disk->changes);
    free(disk);
}
