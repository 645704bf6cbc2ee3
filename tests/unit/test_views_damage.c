/* SPDX-License-Identifier: MIT */
#include "daemon/views.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/stored_fixture.h"

/*
 * Views that are rebuilt from a log in which an event is damaged: the others
 * keep what they have, whatever the damaged one seems to say.
 */

/* Ids and partnerships differ in few bits, so that damage makes one name into
 * another: a ^ b, d ^ e and so on is one bit or two. */
static const struct {
    const char *id, *partnership;
    uint64_t rev;
} events[] = {
    {"id-a", "part-a", 1}, {"id-b", "part-b", 1}, {"id-c", "part-c", 1},
    {"id-d", "part-a", 2}, {"id-e", "part-b", 2}, {"id-f", "part-a", 3},
};
#define EVENT_COUNT (sizeof events / sizeof *events)

/* The position of "id-d", in the midst of its partnership. */
#define DAMAGED UINT64_C(4)

static void
make(struct data *data)
{
    char pairs[300];
    data_directory(data->path);
    data_open_log(data);
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        snprintf(pairs, sizeof pairs,
                 "'id':'%s','type':'note','partnership':'%s',"
                 "'parties':['x'],'occurred':'2017','title':'t'",
                 events[i].id, events[i].partnership);
        stored_append(data, events[i].rev, 7, pairs);
    }
    data_close(data);
}

/* Where the last letter of a text is in the stored value at a position. */
static size_t
last_letter(const char *directory, uint64_t seq, const char *name)
{
    struct stored_raw raw;
    uint8_t bytes[8];
    MDB_val key = stored_key(bytes, seq), value;
    stored_raw_open(&raw, directory, "log.mdb", "log");
    ck_assert_int_eq(mdb_get(raw.txn, raw.dbi, &key, &value), 0);
    const uint8_t *at =
        memmem(value.mv_data, value.mv_size, name, strlen(name));
    ck_assert_ptr_nonnull(at);
    size_t offset =
        (size_t)(at - (const uint8_t *)value.mv_data) + strlen(name) - 1;
    stored_raw_close(&raw);
    return offset;
}

/* Views made from nothing, between data_read_begin and _end. */
static void
rebuild(struct data *data)
{
    char path[DATA_PATH_SIZE];
    data_join(path, data->path, "views.mdb");
    (void)unlink(path);
    data_open(data);
    ck_assert_uint_eq(views_position(data->views), 0);
    data_apply(data, 4);
    data_read_begin(data);
}

static void
done(struct data *data)
{
    data_read_end(data);
    data_close(data);
}

static struct views_name
find_partnership(struct data *data, const char *slug)
{
    struct views_name name = {0};
    ck_assert_int_eq(views_find_name(data->views_reader, VIEWS_PARTNERSHIP,
                                     span_of(slug), &name),
                     VIEWS_OK);
    return name;
}

static void
assert_others_keep(struct data *data, size_t at, uint8_t bits)
{
    static const struct {
        const char *slug;
        uint64_t revision;
    } partnerships[] = {{"part-a", 3}, {"part-b", 2}, {"part-c", 1}};
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        uint64_t seq = 0;
        if (i + 1 == DAMAGED)
            continue;
        ck_assert_int_eq(views_find_id(data->views_reader, data->log_reader,
                                       span_of(events[i].id), &seq),
                         VIEWS_OK);
        ck_assert_msg(seq == i + 1, "byte %zu ^ %02x: %s is at %d", at, bits,
                      events[i].id, (int)seq);
    }
    for (size_t i = 0; i < 3; i++) {
        struct views_name name = find_partnership(data, partnerships[i].slug);
        ck_assert_msg(name.revision == partnerships[i].revision,
                      "byte %zu ^ %02x: %s is at revision %d", at, bits,
                      partnerships[i].slug, (int)name.revision);
    }
}

START_TEST(others_keep_ids_and_revisions_whatever_byte_is_damaged)
{
    struct data data = {0};
    make(&data);
    size_t size = stored_size(data.path, DAMAGED);
    for (size_t at = 0; at < size; at++) {
        uint8_t bits = (uint8_t)(1 << at % 8);
        stored_damage(data.path, DAMAGED, at, bits);
        rebuild(&data);
        assert_others_keep(&data, at, bits);
        done(&data);
        stored_damage(data.path, DAMAGED, at, bits);
    }
}
END_TEST

/* To each other letter that stands there in another event. */
static const uint8_t letter_bits[] = {'d' ^ 'a', 'd' ^ 'b', 'd' ^ 'c',
                                      'd' ^ 'e', 'd' ^ 'f'};

START_TEST(damaged_id_takes_no_other_event_s_place)
{
    struct data data = {0};
    make(&data);
    size_t at = last_letter(data.path, DAMAGED, "id-d");
    stored_damage(data.path, DAMAGED, at, letter_bits[_i]);
    rebuild(&data);
    assert_others_keep(&data, at, letter_bits[_i]);
    done(&data);
}
END_TEST

static const uint8_t slug_bits[] = {'a' ^ 'b', 'a' ^ 'c'};

START_TEST(damaged_partnership_changes_no_other_one_s_revision)
{
    struct data data = {0};
    make(&data);
    size_t at = last_letter(data.path, DAMAGED, "part-a");
    stored_damage(data.path, DAMAGED, at, slug_bits[_i]);
    rebuild(&data);
    assert_others_keep(&data, at, slug_bits[_i]);
    done(&data);
}
END_TEST

/* Revisions go up by one; the number behind the key is not to be believed. */
START_TEST(damaged_revision_is_not_taken)
{
    struct data data = {0};
    make(&data);
    size_t at = last_letter(data.path, EVENT_COUNT, "rev") + 1;
    stored_damage(data.path, EVENT_COUNT, at, 0x40);
    rebuild(&data);
    ck_assert_uint_eq(find_partnership(&data, "part-a").revision, 3);
    done(&data);
}
END_TEST

/* The state of its partnership is `corrupt` until it is restored. */
START_TEST(partnership_is_damaged_whatever_byte_is)
{
    struct data data = {0};
    make(&data);
    size_t size = stored_size(data.path, DAMAGED);
    for (size_t at = 0; at < size; at++) {
        uint8_t bits = (uint8_t)(1 << at % 8);
        stored_damage(data.path, DAMAGED, at, bits);
        rebuild(&data);
        struct views_name name = find_partnership(&data, "part-a");
        ck_assert_msg(name.damaged != 0, "byte %zu ^ %02x", at, bits);
        done(&data);
        stored_damage(data.path, DAMAGED, at, bits);
    }
}
END_TEST

START_TEST(partnership_that_is_sound_is_not_damaged)
{
    struct data data = {0};
    make(&data);
    stored_damage(data.path, DAMAGED, 0, 1); /* its checksum alone */
    rebuild(&data);
    ck_assert_uint_eq(find_partnership(&data, "part-a").damaged, DAMAGED);
    ck_assert_uint_eq(find_partnership(&data, "part-b").damaged, 0);
    ck_assert_uint_eq(find_partnership(&data, "part-c").damaged, 0);
    done(&data);
}
END_TEST

START_TEST(event_that_is_restored_is_as_if_it_never_was_damaged)
{
    struct data data = {0};
    uint64_t seq;
    make(&data);
    stored_damage(data.path, DAMAGED, 30, 0x20);
    rebuild(&data);
    done(&data);
    stored_damage(data.path, DAMAGED, 30, 0x20);
    rebuild(&data);
    ck_assert_uint_eq(find_partnership(&data, "part-a").damaged, 0);
    ck_assert_int_eq(views_find_id(data.views_reader, data.log_reader,
                                   span_of("id-d"), &seq),
                     VIEWS_OK);
    ck_assert_uint_eq(seq, DAMAGED);
    done(&data);
}
END_TEST

/* --- events that name a damaged one ---------------------------------------*/

static const char *const namings[] = {"'disclosed_by':'id-1'", "'re':'id-1'",
                                      "'corrects':'id-1'"};

/* What is reported as damaged has to be: to restore it has to help. */
START_TEST(event_that_names_a_damaged_one_blames_that_one)
{
    struct data data = {0};
    char pairs[300];
    struct span bytes;
    data_directory(data.path);
    data_open_log(&data);
    stored_append(&data, 1, 0, "'id':'id-1'," BASE);
    snprintf(pairs, sizeof pairs,
             "'id':'id-2','type':'note','partnership':'q','parties':['x'],"
             "'occurred':'2017','title':'t',%s",
             namings[_i]);
    stored_append(&data, 1, 0, pairs);
    stored_append(&data, 2, 0,
                  "'id':'id-3','type':'note','partnership':'q',"
                  "'parties':['x'],'occurred':'2017','title':'t'");
    data_close(&data);
    stored_damage(data.path, 1, 0, 1);
    rebuild(&data);
    struct views_name name = find_partnership(&data, "q");
    ck_assert_uint_eq(name.revision, 2);
    ck_assert_uint_ne(name.damaged, 0);
    ck_assert_int_eq(log_read(data.log_reader, name.damaged, &bytes),
                     LOG_CORRUPT);
    done(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("views_damage");
    TCase *tests = tcase_create("views_damage");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests,
                   others_keep_ids_and_revisions_whatever_byte_is_damaged);
    tcase_add_loop_test(tests, damaged_id_takes_no_other_event_s_place, 0,
                        (int)sizeof letter_bits);
    tcase_add_loop_test(tests,
                        damaged_partnership_changes_no_other_one_s_revision, 0,
                        (int)sizeof slug_bits);
    tcase_add_test(tests, damaged_revision_is_not_taken);
    tcase_add_test(tests, partnership_is_damaged_whatever_byte_is);
    tcase_add_test(tests, partnership_that_is_sound_is_not_damaged);
    tcase_add_test(tests, event_that_is_restored_is_as_if_it_never_was_damaged);
    tcase_add_loop_test(tests, event_that_names_a_damaged_one_blames_that_one,
                        0, (int)(sizeof namings / sizeof *namings));
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
