/* SPDX-License-Identifier: MIT
 *
 * first_hello.c - a server waits for a whole ClientHello, however it is cut into records and
 * pieces, and for nothing else. */
#include "lib/tls/engine/first_hello.h"
#include "tests/unit/unit.h"

#include <string.h>

enum { ROOM = 200000 };
static uint8_t bytes[ROOM];

/* How many of the bytes must be there until it is decided; 0: more than all. They come `step` at a
 * time, and are saved in between or not. */
static size_t needed(size_t len, size_t step, bool save)
{
    struct rp_loop *loop = rp_loop_new(NULL);
    struct rp_engine engine = {.loop = loop};
    struct rp_first_hello hello = {0};
    size_t at = 0, need = 0;

    ck_assert_ptr_nonnull(loop);
    while (at < len && need == 0) {
        size_t more = step < len - at ? step : len - at;

        rp_engine_show(&engine, bytes + (save ? at : 0), save ? more : at + more);
        at += more;
        if (rp_first_hello_ready(&hello, &engine))
            need = at;
        else if (save)
            ck_assert(rp_engine_save(&engine));
    }
    ck_assert_uint_eq(rp_engine_left(&engine), at);
    rp_queue_clear(&engine.saved, loop);
    rp_loop_free(loop);
    return need;
}

/* A ClientHello with a body of this length, in records of `each` bytes; how many bytes that is. */
static size_t make_hello(size_t body, size_t each)
{
    static uint8_t message[ROOM];
    size_t len = 4 + body, out = 0;

    message[0] = 1;
    message[1] = (uint8_t)(body >> 16);
    message[2] = (uint8_t)(body >> 8);
    message[3] = (uint8_t)body;
    for (size_t at = 0; at < len; at += each) {
        size_t here = each < len - at ? each : len - at;
        const uint8_t header[] = {22, 3, 1, (uint8_t)(here >> 8), (uint8_t)here};

        memcpy(bytes + out, header, sizeof header);
        memcpy(bytes + out + sizeof header, message + at, here);
        out += sizeof header + here;
    }
    return out;
}

static const struct {
    size_t body, each;
} hellos[] = {{0, 4},     {1, 5},      {40, 1},      {40, 3},        {512, 16384},
              {512, 100}, {3000, 300}, {60000, 999}, {131396, 16384}};

START_TEST(first_hello_is_waited_for)
{
    static const size_t steps[] = {1, 2, 5, 7, 1000, ROOM};
    size_t len = make_hello(hellos[_i].body, hellos[_i].each);

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int save = 0; save < 2; save++) {
            bytes[len] = 23; /* what follows does not matter */
            ck_assert_uint_eq(needed(len, steps[i], save), len);
            ck_assert_uint_eq(needed(len - 1, steps[i], save), 0);
        }
}
END_TEST

static const struct {
    const char *bytes;
    size_t len, need;
} others[] = {
    {"GET / HTTP/1.1\r\n", 16, 1},
    {"\x80\x2e\x01\x03\x01", 5, 1},
    {"\x16\x02\x00\x00\x05\x01", 6, 2},
    {"\x15\x03\x03\x00\x02\x01\x28", 7, 1},
    {"\x16\x03\x01\x00\x00\x01", 6, 5},                   /* an empty record */
    {"\x16\x03\x01\x40\x01\x01", 6, 5},                   /* a record that is too long */
    {"\x16\x03\x01\x00\x01\x02\x00", 7, 6},               /* another message */
    {"\x16\x03\x01\x00\x04\x01\x02\x01\x45\x00", 10, 9},  /* a message that is too long */
    {"\x16\x03\x01\x00\x04\x01\x00\x00\x05\x15", 10, 10}, /* broken off by an alert */
};

START_TEST(first_hello_that_is_none_is_not_waited_for)
{
    memcpy(bytes, others[_i].bytes, others[_i].len);
    for (int save = 0; save < 2; save++)
        ck_assert_uint_eq(needed(others[_i].len, 1, save), others[_i].need);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("first_hello");
    TCase *core = tcase_create("core");

    tcase_add_loop_test(core, first_hello_is_waited_for, 0, sizeof hellos / sizeof *hellos);
    tcase_add_loop_test(core, first_hello_that_is_none_is_not_waited_for, 0,
                        sizeof others / sizeof *others);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
