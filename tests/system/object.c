/* SPDX-License-Identifier: MIT */
#include "tests/system/object.h"

#include <check.h>
#include <string.h>

/* Check's assertions cost a system call each, even while they hold. */
static void
want_type(const msgpack_object *value, msgpack_object_type type)
{
    if (value->type != type)
        ck_abort_msg("a value of type %d in place of one of type %d",
                     (int)value->type, (int)type);
}

bool
object_is_text(const msgpack_object *value, const char *text)
{
    return value->type == MSGPACK_OBJECT_STR &&
           value->via.str.size == strlen(text) &&
           memcmp(value->via.str.ptr, text, value->via.str.size) == 0;
}

const msgpack_object *
object_get(const msgpack_object *map, const char *key)
{
    want_type(map, MSGPACK_OBJECT_MAP);
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        if (object_is_text(&map->via.map.ptr[i].key, key))
            return &map->via.map.ptr[i].val;
    }
    ck_abort_msg("no %s in a map", key);
}

uint32_t
object_count(const msgpack_object *array)
{
    want_type(array, MSGPACK_OBJECT_ARRAY);
    return array->via.array.size;
}

const msgpack_object *
object_at(const msgpack_object *array, uint32_t index)
{
    if (index >= object_count(array))
        ck_abort_msg("no element %u in an array", index);
    return &array->via.array.ptr[index];
}

uint64_t
object_uint(const msgpack_object *number)
{
    want_type(number, MSGPACK_OBJECT_POSITIVE_INTEGER);
    return number->via.u64;
}

bool
object_is_nil(const msgpack_object *value)
{
    return value->type == MSGPACK_OBJECT_NIL;
}

msgpack_object
object_copy(const msgpack_object *value, msgpack_zone *zone)
{
    msgpack_sbuffer packed;
    msgpack_packer packer;
    msgpack_object copy;
    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    if (msgpack_pack_object(&packer, *value) != 0)
        ck_abort_msg("no memory");
    /* strs of the copy borrow from these bytes */
    char *bytes = msgpack_zone_malloc_no_align(zone, packed.size);
    if (bytes == NULL)
        ck_abort_msg("no memory");
    memcpy(bytes, packed.data, packed.size);
    if (msgpack_unpack(bytes, packed.size, NULL, zone, &copy) !=
        MSGPACK_UNPACK_SUCCESS)
        ck_abort_msg("a copy cannot be read");
    msgpack_sbuffer_destroy(&packed);
    return copy;
}
