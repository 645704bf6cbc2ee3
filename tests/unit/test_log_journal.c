/* SPDX-License-Identifier: MIT */
/* The journal's file: what is written is found again, and nothing else is. */
#include "daemon/log_journal.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "daemon/log_parts.h"
#include "daemon/order.h"
#include "tests/unit/journal_fixture.h"
#include "tests/unit/random_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ID "0123456789abcdef0123456789abcdef"
#define OTHER_ID "0123456789abcdef0123456789abcdee"
#define BLOCKS 16
#define SIZE (BLOCKS * LOG_JOURNAL_BLOCK)

struct file {
    char path[DATA_PATH_SIZE];
    struct datadir datadir;
    struct log_journal *journal;
};

static void
reopen(struct file *file)
{
    struct diag_reason reason = {""};
    log_journal_close(file->journal);
    file->journal = NULL;
    ck_assert_msg(
        log_journal_open(&file->datadir, ID, &file->journal, &reason) == 0,
        "%s", reason.text);
}

static void
begin(struct file *file)
{
    struct diag_reason reason = {""};
    *file = (struct file){.journal = NULL};
    data_directory(file->path);
    ck_assert_int_eq(datadir_open(&file->datadir, file->path, &reason), 0);
    ck_assert_int_eq(log_journal_create(&file->datadir, ID, SIZE, &reason), 0);
    reopen(file);
}

static void
end(struct file *file)
{
    log_journal_close(file->journal);
    datadir_close(&file->datadir);
}

/* Change the file under the open journal, whose map shows it. */
static void
patch(const struct file *file, size_t at, const void *bytes, size_t size)
{
    char path[DATA_PATH_SIZE];
    data_join(path, file->path, JOURNAL_NAME);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, bytes, size, (off_t)at), (ssize_t)size);
    close(fd);
}

static struct log_journal_group
write_group(struct file *file, uint64_t generation, uint64_t number,
            uint64_t offset, const struct log_content *content)
{
    struct log_journal_group group = {.generation = generation,
                                      .number = number,
                                      .offset = offset,
                                      .first = 100 * number};
    ck_assert_int_eq(log_journal_write(file->journal, content, &group), 0);
    return group;
}

static bool
is_found(const struct file *file, const struct log_journal_group *wanted)
{
    struct log_journal_group group = {.generation = wanted->generation,
                                      .number = wanted->number,
                                      .offset = wanted->offset};
    if (!log_journal_find(file->journal, &group))
        return false;
    ck_assert_uint_eq(group.generation, wanted->generation);
    ck_assert_uint_eq(group.number, wanted->number);
    ck_assert_uint_eq(group.offset, wanted->offset);
    ck_assert_uint_eq(group.length, wanted->length);
    ck_assert_uint_eq(group.size, wanted->size);
    ck_assert_uint_eq(group.first, wanted->first);
    ck_assert_uint_eq(group.event_count, wanted->event_count);
    ck_assert_uint_eq(group.consumer_count, wanted->consumer_count);
    return true;
}

static const struct log_content *
one_event(const char *text)
{
    static struct span event;
    static const struct log_content content = {.events = &event,
                                               .event_count = 1};
    event = span_of(text);
    return &content;
}

/* --- groups ---------------------------------------------------------------*/

static void
assert_content(const struct file *file, const struct log_journal_group *group,
               const struct log_content *content)
{
    uint64_t offset = log_journal_records(group);
    for (size_t i = 0; i < content->event_count; i++) {
        struct span event = content->events[i];
        struct span record = log_journal_record(file->journal, offset);
        ck_assert_uint_eq(record.size, 8 + event.size);
        ck_assert_uint_eq(order_get_u64(record.data),
                          log_checksum(group->first + i, event));
        ck_assert_int_eq(memcmp(record.data + 8, event.data, event.size), 0);
        offset += LOG_JOURNAL_RECORD_SIZE + event.size;
    }
    for (size_t i = 0; i < content->consumer_count; i++) {
        struct log_consumer wanted = content->consumers[i];
        struct log_consumer consumer =
            log_journal_consumer(file->journal, &offset);
        ck_assert_uint_eq(consumer.name.size, wanted.name.size);
        ck_assert_int_eq(
            memcmp(consumer.name.data, wanted.name.data, wanted.name.size), 0);
        ck_assert_uint_eq(consumer.position, wanted.position);
        ck_assert_int_eq(consumer.removed, wanted.removed);
    }
    ck_assert_uint_eq(offset, group->offset + group->size);
}

static uint8_t bytes_of_any_kind[3 * 4096];

START_TEST(groups_are_found_as_they_were_written)
{
    struct file file;
    uint64_t dice = random_seed("journal");
    for (size_t i = 0; i < sizeof bytes_of_any_kind; i++)
        bytes_of_any_kind[i] = (uint8_t)random_next(&dice);
    const char *all = (const char *)bytes_of_any_kind;
    begin(&file);
    for (int round = 0; round < 300; round++) {
        struct span events[5];
        struct log_consumer consumers[5];
        struct log_content content = {
            .events = events,
            .event_count = random_below(&dice, COUNT_OF(events) + 1),
            .consumers = consumers,
            .consumer_count = random_below(&dice, COUNT_OF(consumers) + 1),
        };
        for (size_t i = 0; i < COUNT_OF(events); i++)
            events[i] =
                (struct span){bytes_of_any_kind, random_below(&dice, 8000)};
        for (size_t i = 0; i < COUNT_OF(consumers); i++)
            consumers[i] = (struct log_consumer){
                .name = {(const uint8_t *)all + i, 1 + random_below(&dice, 64)},
                .position = random_next(&dice),
                .removed = random_below(&dice, 2) == 0};
        uint64_t length = log_journal_length(&content);
        ck_assert_uint_eq(length % LOG_JOURNAL_BLOCK, 0);
        ck_assert_uint_ge(length, log_journal_content_size(&content));
        uint64_t places = (SIZE - length) / LOG_JOURNAL_BLOCK;
        uint64_t offset = LOG_JOURNAL_BLOCK * (1 + random_below(&dice, places));
        struct log_journal_group group =
            write_group(&file, 1 + random_next(&dice) / 2,
                        1 + random_next(&dice) / 200, offset, &content);
        if (round % 10 == 0)
            reopen(&file);
        ck_assert(is_found(&file, &group));
        assert_content(&file, &group, &content);
    }
    end(&file);
}
END_TEST

/* What is asked for alone: of no other generation, number or place. */
START_TEST(other_groups_are_not_taken_for_it)
{
    struct file file;
    begin(&file);
    struct log_journal_group group =
        write_group(&file, 5, 7, 2 * LOG_JOURNAL_BLOCK, one_event("event"));
    struct log_journal_group other = group;
    ck_assert(is_found(&file, &other));
    other.generation = 4;
    ck_assert(!is_found(&file, &other));
    other.generation = 6;
    ck_assert(!is_found(&file, &other));
    other = group;
    other.number = 6;
    ck_assert(!is_found(&file, &other));
    static const uint64_t offsets[] = {0,
                                       LOG_JOURNAL_BLOCK,
                                       3 * LOG_JOURNAL_BLOCK,
                                       2 * LOG_JOURNAL_BLOCK + 8,
                                       SIZE,
                                       SIZE + LOG_JOURNAL_BLOCK,
                                       UINT64_MAX - 4095};
    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        other = group;
        other.offset = offsets[i];
        ck_assert(!log_journal_find(file.journal, &other));
    }
    end(&file);
}
END_TEST

START_TEST(group_may_end_where_the_file_ends)
{
    struct file file;
    struct span event = {bytes_of_any_kind, sizeof bytes_of_any_kind - 200};
    const struct log_content content = {.events = &event, .event_count = 1};
    begin(&file);
    struct log_journal_group group =
        write_group(&file, 1, 1, SIZE - log_journal_length(&content), &content);
    ck_assert_uint_eq(group.offset + group.length, SIZE);
    struct log_journal_group next =
        write_group(&file, 1, 2, LOG_JOURNAL_START, &content);
    reopen(&file);
    ck_assert(is_found(&file, &group));
    ck_assert(is_found(&file, &next));
    assert_content(&file, &group, &content);
    end(&file);
}
END_TEST

/* --- damage ---------------------------------------------------------------*/

START_TEST(every_flipped_bit_of_a_group_is_seen)
{
    struct file file;
    struct span events[] = {span_of("one event"), span_of(""),
                            span_of("and another")};
    const struct log_consumer consumers[] = {
        {.name = span_of("consumer"), .position = 3},
        {.name = span_of("c"), .removed = true}};
    const struct log_content content = {events, 3, consumers, 2};
    begin(&file);
    struct log_journal_group group =
        write_group(&file, 3, 9, LOG_JOURNAL_START, &content);
    struct journal_bytes bytes = journal_read(file.path);
    for (size_t bit = 0; bit < 8 * group.size; bit++) {
        size_t at = group.offset + bit / 8;
        uint8_t flipped = bytes.data[at] ^ (uint8_t)(1 << bit % 8);
        struct log_journal_group later;
        patch(&file, at, &flipped, 1);
        ck_assert_msg(!is_found(&file, &group), "bit %zu is not seen", bit);
        ck_assert(!log_journal_find_later(file.journal, 0, 0, &later));
        patch(&file, at, &bytes.data[at], 1);
    }
    ck_assert(is_found(&file, &group));
    uint8_t one = 1; /* what fills the block is nothing */
    patch(&file, group.offset + group.size, &one, 1);
    ck_assert(is_found(&file, &group));
    free(bytes.data);
    end(&file);
}
END_TEST

START_TEST(later_groups_are_found_and_older_ones_are_not)
{
    struct file file;
    struct log_journal_group found;
    begin(&file);
    ck_assert(!log_journal_find_later(file.journal, 0, 0, &found));
    write_group(&file, 4, 5, 2 * LOG_JOURNAL_BLOCK, one_event("a"));
    write_group(&file, 3, 90, 5 * LOG_JOURNAL_BLOCK, one_event("b"));
    write_group(&file, 4, 3, 7 * LOG_JOURNAL_BLOCK, one_event("c"));
    ck_assert(log_journal_find_later(file.journal, 4, 2, &found));
    ck_assert_uint_eq(found.offset, 2 * LOG_JOURNAL_BLOCK);
    ck_assert(log_journal_find_later(file.journal, 4, 4, &found));
    ck_assert_uint_eq(found.number, 5);
    ck_assert(!log_journal_find_later(file.journal, 4, 5, &found));
    ck_assert(!log_journal_find_later(file.journal, 5, 0, &found));
    ck_assert(log_journal_find_later(file.journal, 3, 95, &found));
    ck_assert_uint_eq(found.generation, 4);
    end(&file);
}
END_TEST

/* --- what a client sends --------------------------------------------------*/

/* A group as it would have to be, with these checksums' seed. */
static void
forge(uint8_t *at, uint64_t generation, uint64_t number, uint64_t secret)
{
    order_put_u64(at, JOURNAL_MAGIC);
    order_put_u64(at + 8, generation);
    order_put_u64(at + 16, number);
    order_put_u64(at + 24, 1);
    order_put_u32(at + 32, 0);
    order_put_u32(at + 36, 0);
    order_put_u64(at + 40, 0);
    order_put_u64(at + 48, XXH3_64bits_withSeed(at + 64, 0, secret));
    order_put_u64(at + 56, XXH3_64bits_withSeed(at, 56, secret));
}

/* An event whose bytes are a group's where a block begins: whoever does not
 * know the secret sends bytes. */
START_TEST(event_that_looks_like_a_group_is_none)
{
    struct file file;
    begin(&file);
    struct journal_bytes bytes = journal_read(file.path);
    uint64_t secret = journal_number(bytes.data + JOURNAL_SECRET_AT, 8);
    ck_assert_uint_ne(secret, 0);
    const uint64_t seeds[] = {0, secret + 1, ~secret, secret};
    for (size_t i = 0; i < COUNT_OF(seeds); i++) {
        static uint8_t event_bytes[8192];
        size_t before = JOURNAL_GROUP_HEAD_SIZE + LOG_JOURNAL_RECORD_SIZE;
        struct span event = {event_bytes, sizeof event_bytes};
        const struct log_content content = {.events = &event, .event_count = 1};
        memset(event_bytes, 'x', sizeof event_bytes);
        forge(event_bytes + LOG_JOURNAL_BLOCK - before, 9, 9, seeds[i]);
        write_group(&file, 1, 1, LOG_JOURNAL_START, &content);
        struct log_journal_group forged = {
            .generation = 9,
            .number = 9,
            .offset = LOG_JOURNAL_START + LOG_JOURNAL_BLOCK,
        };
        struct log_journal_group later;
        bool knows = seeds[i] == secret; /* or this test would show nothing */
        ck_assert_int_eq(log_journal_find(file.journal, &forged), knows);
        ck_assert_int_eq(log_journal_find_later(file.journal, 1, 1, &later),
                         knows);
    }
    free(bytes.data);
    end(&file);
}
END_TEST

/* Two journals of one log do not have the same. */
START_TEST(secret_is_another_each_time)
{
    struct file file;
    struct diag_reason reason = {""};
    begin(&file);
    struct log_journal_group group =
        write_group(&file, 1, 1, LOG_JOURNAL_START, one_event("event"));
    struct journal_bytes old = journal_read(file.path);
    ck_assert_int_eq(log_journal_create(&file.datadir, ID, SIZE, &reason), 0);
    reopen(&file);
    ck_assert(!is_found(&file, &group));
    patch(&file, LOG_JOURNAL_START, old.data + LOG_JOURNAL_START,
          LOG_JOURNAL_BLOCK);
    ck_assert(!is_found(&file, &group));
    free(old.data);
    end(&file);
}
END_TEST

/* --- the file -------------------------------------------------------------*/

/* Real blocks, that nobody else may read. */
START_TEST(file_is_whole_from_the_first_moment)
{
    struct file file;
    struct stat status;
    char path[DATA_PATH_SIZE];
    begin(&file);
    data_join(path, file.path, JOURNAL_NAME);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_size, (off_t)SIZE);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_ge(status.st_blocks * 512, (off_t)SIZE);
    ck_assert_uint_eq(log_journal_size(file.journal), SIZE);
    ck_assert(!datadir_has(&file.datadir, JOURNAL_NAME ".new"));
    write_group(&file, 1, 1, LOG_JOURNAL_START, one_event("event"));
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_size, (off_t)SIZE);
    end(&file);
}
END_TEST

static void
assert_refused(struct file *file, const struct journal_bytes *bytes,
               const char *id, const char *says)
{
    struct log_journal *journal = NULL;
    struct diag_reason reason = {""};
    journal_write(file->path, bytes);
    ck_assert_int_eq(log_journal_open(&file->datadir, id, &journal, &reason),
                     -EINVAL);
    ck_assert_ptr_null(journal);
    ck_assert_msg(strstr(reason.text, says) != NULL, "%s", reason.text);
}

static void
seal(struct journal_bytes *bytes)
{
    order_put_u64(bytes->data + JOURNAL_HEAD_SIZE - 8,
                  XXH3_64bits(bytes->data, JOURNAL_HEAD_SIZE - 8));
}

START_TEST(other_files_are_refused)
{
    struct file file;
    struct log_journal *journal = NULL;
    struct diag_reason reason = {""};
    begin(&file);
    struct journal_bytes bytes = journal_read(file.path);
    log_journal_close(file.journal);
    file.journal = NULL;
    for (size_t bit = 0; bit < 8 * JOURNAL_HEAD_SIZE; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refused(&file, &bytes, ID, JOURNAL_NAME);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_refused(&file, &bytes, OTHER_ID, "belongs to another log");
    struct journal_bytes cut = bytes;
    for (cut.size = 0; cut.size < bytes.size; cut.size += 1000)
        assert_refused(&file, &cut, ID, JOURNAL_NAME);
    order_put_u32(bytes.data + 16, LOG_JOURNAL_FORMAT + 1);
    seal(&bytes);
    assert_refused(&file, &bytes, ID, "another format");
    order_put_u32(bytes.data + 16, LOG_JOURNAL_FORMAT);
    static const uint64_t wrong[] = {0, LOG_JOURNAL_BLOCK, SIZE + 4096,
                                     SIZE + 1, UINT64_MAX};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        order_put_u64(bytes.data + 20, wrong[i]);
        seal(&bytes);
        assert_refused(&file, &bytes, ID, "size that it was made with");
    }
    char path[DATA_PATH_SIZE];
    data_join(path, file.path, JOURNAL_NAME);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(log_journal_open(&file.datadir, ID, &journal, &reason),
                     -ENOENT);
    free(bytes.data);
    end(&file);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log journal");
    TCase *tests = tcase_create("log journal");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, groups_are_found_as_they_were_written);
    tcase_add_test(tests, other_groups_are_not_taken_for_it);
    tcase_add_test(tests, group_may_end_where_the_file_ends);
    tcase_add_test(tests, every_flipped_bit_of_a_group_is_seen);
    tcase_add_test(tests, later_groups_are_found_and_older_ones_are_not);
    tcase_add_test(tests, event_that_looks_like_a_group_is_none);
    tcase_add_test(tests, secret_is_another_each_time);
    tcase_add_test(tests, file_is_whole_from_the_first_moment);
    tcase_add_test(tests, other_files_are_refused);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
