/* SPDX-License-Identifier: MIT */
#include "daemon/log_journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log_parts.h"
#include "daemon/order.h"
#include "daemon/xxh3.h"

#define FILE_MAGIC "entente journal\n"
#define FILE_MAGIC_SIZE ((size_t)16)
#define FILE_ID_SIZE ((size_t)(LOG_ID_SIZE - 1))
#define FILE_HEAD_SIZE (FILE_MAGIC_SIZE + 4 + 8 + FILE_ID_SIZE + 8)

#define GROUP_MAGIC UINT64_C(0x656e74656e74650a)
#define GROUP_HEAD_SIZE ((size_t)64)
#define GROUP_SUMMED_SIZE ((size_t)56) /* of the head, by its checksum */

#define CONSUMER_HEAD_SIZE ((size_t)10)

/* What is written at once when the file is made. */
#define FILL_SIZE ((size_t)1 << 20)

/* Memory for a group that is kept for the next one: what most groups need,
 * little beside what else the daemon holds. */
#define BUFFER_KEPT_MAX ((size_t)2 << 20)

struct log_journal {
    int fd;
    uint64_t size, secret;
    const uint8_t *map;
    uint8_t *buffer;
    size_t capacity;
};

/* --- making it ------------------------------------------------------------*/

static int
put_head(uint8_t *block, const char *log_id, uint64_t size)
{
    uint8_t *at = block;
    uint64_t secret;
    if (getrandom(&secret, sizeof secret, 0) != (ssize_t)sizeof secret)
        return -errno;
    memcpy(at, FILE_MAGIC, FILE_MAGIC_SIZE);
    at += FILE_MAGIC_SIZE;
    order_put_u32(at, LOG_JOURNAL_FORMAT);
    order_put_u64(at + 4, size);
    memcpy(at + 12, log_id, FILE_ID_SIZE);
    order_put_u64(at + 12 + FILE_ID_SIZE, secret);
    order_put_u64(block + FILE_HEAD_SIZE, XXH3_64bits(block, FILE_HEAD_SIZE));
    return 0;
}

static int
write_all(int fd, const uint8_t *bytes, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, bytes, size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -ENOSPC;
        bytes += written;
        size -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

static int
fill(int fd, const char *log_id, uint64_t size)
{
    uint8_t *zeros = calloc(1, FILL_SIZE);
    int rc = zeros == NULL ? -ENOMEM : 0;
    for (uint64_t at = 0; rc == 0 && at < size; at += FILL_SIZE) {
        uint64_t left = size - at;
        size_t now = left < FILL_SIZE ? (size_t)left : FILL_SIZE;
        rc = write_all(fd, zeros, now, at);
    }
    if (rc == 0)
        rc = put_head(zeros, log_id, size);
    if (rc == 0)
        rc = write_all(fd, zeros, (size_t)LOG_JOURNAL_BLOCK, 0);
    if (rc == 0 && fsync(fd) != 0)
        rc = -errno;
    free(zeros);
    return rc;
}

int
log_journal_create(const struct datadir *datadir, const char *log_id,
                   uint64_t size, struct diag_reason *reason)
{
    assert(size % LOG_JOURNAL_BLOCK == 0 && size > LOG_JOURNAL_START);
    int directory = datadir->directory_fd;
    int fd = openat(directory, LOG_JOURNAL_NAME ".new",
                    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc = fd < 0 ? -errno : fill(fd, log_id, size);
    if (fd >= 0)
        close(fd);
    if (rc == 0 && renameat(directory, LOG_JOURNAL_NAME ".new", directory,
                            LOG_JOURNAL_NAME) != 0)
        rc = -errno;
    if (rc == 0)
        rc = datadir_sync(datadir);
    if (rc != 0) {
        unlinkat(directory, LOG_JOURNAL_NAME ".new", 0);
        diag_because(reason,
                     "%s/" LOG_JOURNAL_NAME " of %llu bytes cannot be made: %s",
                     datadir->path, (unsigned long long)size, strerror(-rc));
    }
    return rc;
}

/* --- opening --------------------------------------------------------------*/

/* NULL, or what is wrong with it. */
static const char *
read_head(struct log_journal *journal, const char *log_id)
{
    uint8_t head[FILE_HEAD_SIZE + 8];
    struct stat status;
    if (fstat(journal->fd, &status) != 0 ||
        pread(journal->fd, head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head, FILE_MAGIC, FILE_MAGIC_SIZE) != 0)
        return "is not a journal";
    if (order_get_u64(head + FILE_HEAD_SIZE) !=
        XXH3_64bits(head, FILE_HEAD_SIZE))
        return "is damaged in its first block";
    const uint8_t *at = head + FILE_MAGIC_SIZE;
    if (order_get_u32(at) != LOG_JOURNAL_FORMAT)
        return "has another format; use the version that wrote it";
    journal->size = order_get_u64(at + 4);
    if (journal->size != (uint64_t)status.st_size ||
        journal->size % LOG_JOURNAL_BLOCK != 0 ||
        journal->size <= LOG_JOURNAL_START)
        return "does not have the size that it was made with";
    if (memcmp(at + 12, log_id, FILE_ID_SIZE) != 0)
        return "belongs to another log";
    journal->secret = order_get_u64(at + 12 + FILE_ID_SIZE);
    return NULL;
}

static int
open_and_map(struct log_journal *journal, const struct datadir *datadir,
             const char *log_id, struct diag_reason *reason)
{
    journal->fd = openat(datadir->directory_fd, LOG_JOURNAL_NAME,
                         O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (journal->fd < 0) {
        int rc = -errno;
        diag_because(reason, "%s/" LOG_JOURNAL_NAME ": %s", datadir->path,
                     strerror(-rc));
        return rc;
    }
    const char *wrong = read_head(journal, log_id);
    if (wrong != NULL) {
        diag_because(reason, "%s/" LOG_JOURNAL_NAME " %s", datadir->path,
                     wrong);
        return -EINVAL;
    }
    void *map = mmap(NULL, (size_t)journal->size, PROT_READ, MAP_SHARED,
                     journal->fd, 0);
    if (map == MAP_FAILED) {
        int rc = -errno;
        diag_because(reason, "%s/" LOG_JOURNAL_NAME " cannot be mapped: %s",
                     datadir->path, strerror(-rc));
        return rc;
    }
    journal->map = map;
    return 0;
}

int
log_journal_open(const struct datadir *datadir, const char *log_id,
                 struct log_journal **opened, struct diag_reason *reason)
{
    struct log_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    int rc = open_and_map(journal, datadir, log_id, reason);
    if (rc != 0)
        log_journal_close(journal);
    else
        *opened = journal;
    return rc;
}

void
log_journal_close(struct log_journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->map != NULL)
        munmap((void *)(uintptr_t)journal->map, (size_t)journal->size);
    if (journal->fd >= 0)
        close(journal->fd);
    free(journal->buffer);
    free(journal);
}

uint64_t
log_journal_size(const struct log_journal *journal)
{
    return journal->size;
}

/* --- writing --------------------------------------------------------------*/

size_t
log_journal_content_size(const struct log_content *content)
{
    size_t size = GROUP_HEAD_SIZE;
    for (size_t i = 0; i < content->event_count; i++)
        size += LOG_JOURNAL_RECORD_SIZE + content->events[i].size;
    for (size_t i = 0; i < content->consumer_count; i++)
        size += CONSUMER_HEAD_SIZE + content->consumers[i].name.size;
    return size;
}

uint64_t
log_journal_length(const struct log_content *content)
{
    uint64_t blocks = LOG_JOURNAL_BLOCK - 1;
    return (log_journal_content_size(content) + blocks) & ~blocks;
}

static uint8_t *
put_event(uint8_t *at, uint64_t seq, struct span event)
{
    order_put_u32(at, (uint32_t)event.size);
    order_put_u64(at + 4, log_checksum(seq, event));
    memcpy(at + LOG_JOURNAL_RECORD_SIZE, event.data, event.size);
    return at + LOG_JOURNAL_RECORD_SIZE + event.size;
}

static uint8_t *
put_consumer(uint8_t *at, const struct log_consumer *consumer)
{
    assert(consumer->name.size <= UINT8_MAX);
    at[0] = consumer->removed;
    at[1] = (uint8_t)consumer->name.size;
    order_put_u64(at + 2, consumer->position);
    memcpy(at + CONSUMER_HEAD_SIZE, consumer->name.data, consumer->name.size);
    return at + CONSUMER_HEAD_SIZE + consumer->name.size;
}

static void
put_group_head(uint8_t *at, const struct log_journal_group *group, size_t size,
               uint64_t secret)
{
    order_put_u64(at, GROUP_MAGIC);
    order_put_u64(at + 8, group->generation);
    order_put_u64(at + 16, group->number);
    order_put_u64(at + 24, group->first);
    order_put_u32(at + 32, group->event_count);
    order_put_u32(at + 36, group->consumer_count);
    order_put_u64(at + 40, size - GROUP_HEAD_SIZE);
    order_put_u64(at + 48,
                  XXH3_64bits_withSeed(at + GROUP_HEAD_SIZE,
                                       size - GROUP_HEAD_SIZE, secret));
    order_put_u64(at + GROUP_SUMMED_SIZE,
                  XXH3_64bits_withSeed(at, GROUP_SUMMED_SIZE, secret));
}

/* Room for a group, with an end of zeros. */
static int
reserve(struct log_journal *journal, size_t size)
{
    if (size > journal->capacity ||
        (journal->capacity > BUFFER_KEPT_MAX && size <= BUFFER_KEPT_MAX)) {
        size_t capacity = size > BUFFER_KEPT_MAX ? size : BUFFER_KEPT_MAX;
        uint8_t *buffer = malloc(capacity);
        if (buffer == NULL)
            return -ENOMEM;
        free(journal->buffer);
        journal->buffer = buffer;
        journal->capacity = capacity;
    }
    return 0;
}

int
log_journal_write(struct log_journal *journal,
                  const struct log_content *content,
                  struct log_journal_group *group)
{
    size_t size = log_journal_content_size(content);
    group->length = log_journal_length(content);
    group->size = size;
    group->event_count = (uint32_t)content->event_count;
    group->consumer_count = (uint32_t)content->consumer_count;
    assert(group->offset % LOG_JOURNAL_BLOCK == 0 &&
           group->offset + group->length <= journal->size);
    int rc = reserve(journal, (size_t)group->length);
    if (rc != 0)
        return rc;
    uint8_t *at = journal->buffer + GROUP_HEAD_SIZE;
    for (size_t i = 0; i < content->event_count; i++)
        at = put_event(at, group->first + i, content->events[i]);
    for (size_t i = 0; i < content->consumer_count; i++)
        at = put_consumer(at, &content->consumers[i]);
    put_group_head(journal->buffer, group, size, journal->secret);
    memset(at, 0, (size_t)group->length - size);
    rc = write_all(journal->fd, journal->buffer, (size_t)group->length,
                   group->offset);
    return rc == 0 && fdatasync(journal->fd) != 0 ? -EIO : rc;
}

int
log_journal_flush(const struct log_journal *journal)
{
    return fdatasync(journal->fd) == 0 ? 0 : -errno;
}

/* --- reading --------------------------------------------------------------*/

/* A head that was written by us, at this place of the file or another. */
static bool
is_head(const struct log_journal *journal, const uint8_t *at)
{
    return order_get_u64(at) == GROUP_MAGIC &&
           order_get_u64(at + GROUP_SUMMED_SIZE) ==
               XXH3_64bits_withSeed(at, GROUP_SUMMED_SIZE, journal->secret);
}

/* The group at an offset, whatever it is. */
static bool
read_group(const struct log_journal *journal, uint64_t offset,
           struct log_journal_group *group)
{
    const uint8_t *at = journal->map + offset;
    if (offset % LOG_JOURNAL_BLOCK != 0 || offset < LOG_JOURNAL_START ||
        offset >= journal->size || !is_head(journal, at))
        return false;
    uint64_t size = order_get_u64(at + 40);
    if (size > journal->size - offset - GROUP_HEAD_SIZE ||
        order_get_u64(at + 48) != XXH3_64bits_withSeed(at + GROUP_HEAD_SIZE,
                                                       (size_t)size,
                                                       journal->secret))
        return false;
    uint64_t blocks = LOG_JOURNAL_BLOCK - 1;
    *group = (struct log_journal_group){
        .generation = order_get_u64(at + 8),
        .number = order_get_u64(at + 16),
        .offset = offset,
        .length = (GROUP_HEAD_SIZE + size + blocks) & ~blocks,
        .size = GROUP_HEAD_SIZE + size,
        .first = order_get_u64(at + 24),
        .event_count = order_get_u32(at + 32),
        .consumer_count = order_get_u32(at + 36),
    };
    return true;
}

bool
log_journal_find(const struct log_journal *journal,
                 struct log_journal_group *group)
{
    struct log_journal_group found;
    if (!read_group(journal, group->offset, &found) ||
        found.generation != group->generation || found.number != group->number)
        return false;
    *group = found;
    return true;
}

bool
log_journal_find_later(const struct log_journal *journal, uint64_t generation,
                       uint64_t number, struct log_journal_group *found)
{
    for (uint64_t offset = LOG_JOURNAL_START; offset < journal->size;
         offset += LOG_JOURNAL_BLOCK) {
        const uint8_t *at = journal->map + offset;
        uint64_t of = order_get_u64(at + 8);
        if (order_get_u64(at) == GROUP_MAGIC && of >= generation &&
            (of > generation || order_get_u64(at + 16) > number) &&
            read_group(journal, offset, found))
            return true;
    }
    return false;
}

uint64_t
log_journal_records(const struct log_journal_group *group)
{
    return group->offset + GROUP_HEAD_SIZE;
}

struct span
log_journal_record(const struct log_journal *journal, uint64_t offset)
{
    const uint8_t *at = journal->map + offset;
    size_t size = order_get_u32(at);
    if (size > journal->size - offset - LOG_JOURNAL_RECORD_SIZE)
        return (struct span){0};
    return (struct span){at + 4, LOG_JOURNAL_RECORD_SIZE - 4 + size};
}

struct log_consumer
log_journal_consumer(const struct log_journal *journal, uint64_t *offset)
{
    const uint8_t *at = journal->map + *offset;
    struct log_consumer consumer = {
        .name = {at + CONSUMER_HEAD_SIZE, at[1]},
        .position = order_get_u64(at + 2),
        .removed = at[0] != 0,
    };
    *offset += CONSUMER_HEAD_SIZE + consumer.name.size;
    return consumer;
}
