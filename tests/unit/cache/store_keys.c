/* SPDX-License-Identifier: MIT
 *
 * store_keys.c - the file of ticket keys: what is put is there for all processes until it expires,
 * and then no byte of it is in the file; a damaged, cut, vanished or locked file heals. */
#include "cache/store/store_keys.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/keys-XXXXXX", path[64];
static struct rp_loop *loop;
static struct rp_store *store;
static uint64_t now;
static unsigned troubles, recoveries;

static uint64_t clock_now(void)
{
    return now;
}

static void on_trouble(const struct rp_error *error, void *arg)
{
    (void)arg;
    troubles += error != NULL;
    recoveries += error == NULL;
}

static struct rp_store *open_store(void)
{
    struct rp_store *s = rp_store_keys_open(loop, path, clock_now, NULL);

    ck_assert_ptr_nonnull(s);
    return s;
}

static void setup(void)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
    loop = rp_loop_new(NULL);
    now = 1700000000000;
    troubles = recoveries = 0;
    store = open_store();
    rp_store_on_trouble(store, on_trouble, NULL);
}

static void teardown(void)
{
    char command[64];

    rp_store_close(store);
    rp_loop_free(loop);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

/* Names are HMACs, values are sealed: bytes that are found nowhere else. */
struct entry {
    uint8_t key[32], value[100];
};

static struct entry entry_of(unsigned i)
{
    struct entry e;

    memset(e.key, (int)i, sizeof e.key);
    memset(e.value, ~(int)i, sizeof e.value);
    memcpy(e.key, &i, sizeof i);
    memcpy(e.value, &i, sizeof i);
    return e;
}

static enum rp_store_status put(unsigned i, uint64_t ttl)
{
    struct entry e = entry_of(i);

    return rp_store_put(store, (struct rp_bytes){e.key, sizeof e.key},
                        (struct rp_bytes){e.value, sizeof e.value}, ttl, NULL);
}

static enum rp_store_status get(unsigned i)
{
    struct entry e = entry_of(i);
    struct rp_store_reply reply;
    enum rp_store_status status =
        rp_store_get(store, (struct rp_bytes){e.key, sizeof e.key}, &reply, NULL);

    if (status == RP_STORE_OK) {
        ck_assert_uint_eq(reply.value.len, sizeof e.value);
        ck_assert_mem_eq(reply.value.bytes, e.value, sizeof e.value);
    }
    return status;
}

static enum rp_store_status drop(unsigned i)
{
    struct entry e = entry_of(i);

    return rp_store_remove(store, (struct rp_bytes){e.key, sizeof e.key}, NULL);
}

/* The value of `value` under the key of `key`. */
static enum rp_store_status add(struct rp_store *s, unsigned key, unsigned value,
                                struct rp_store_reply *reply)
{
    struct entry k = entry_of(key), v = entry_of(value);

    return rp_store_add(s, (struct rp_bytes){k.key, sizeof k.key},
                        (struct rp_bytes){v.value, sizeof v.value}, 60000, reply, NULL);
}

static bool holds(const uint8_t *what, size_t what_len)
{
    static uint8_t bytes[4 << 20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, bytes, sizeof bytes);

    close(fd);
    ck_assert_int_gt(len, 0);
    return memmem(bytes, (size_t)len, what, what_len) != NULL;
}

static bool in_file(unsigned i)
{
    struct entry e = entry_of(i);

    return holds(e.key, sizeof e.key) || holds(e.value, sizeof e.value);
}

START_TEST(entry_is_there_until_it_expires_and_then_nowhere)
{
    ck_assert_int_eq(put(1, 1000), RP_STORE_OK);
    ck_assert_int_eq(put(2, 5000), RP_STORE_OK);
    ck_assert_int_eq(put(1, 2000), RP_STORE_OK);
    now += 1999;
    ck_assert_int_eq(get(1), RP_STORE_OK);
    ck_assert(in_file(1));
    now++;
    /* Whatever is asked of it, for whatever key. */
    if (_i == 0)
        ck_assert_int_eq(get(1), RP_STORE_MISSING);
    else if (_i == 1)
        ck_assert_int_eq(get(3), RP_STORE_MISSING);
    else if (_i == 2)
        ck_assert_int_eq(put(3, 1000), RP_STORE_OK);
    else if (_i == 3)
        ck_assert_int_eq(drop(3), RP_STORE_OK);
    else
        ck_assert_int_eq(get(2), RP_STORE_OK);
    ck_assert(!in_file(1));
    ck_assert_int_eq(get(2), RP_STORE_OK);
}
END_TEST

START_TEST(value_that_is_removed_or_replaced_is_nowhere)
{
    struct entry e = entry_of(1), other = entry_of(2);
    struct rp_bytes key = {e.key, sizeof e.key}, value = {other.value, 10};

    ck_assert_int_eq(put(1, 1000), RP_STORE_OK);
    ck_assert(holds(e.value, sizeof e.value));
    if (_i == 0)
        ck_assert_int_eq(drop(1), RP_STORE_OK);
    else
        ck_assert_int_eq(rp_store_put(store, key, value, 1000, NULL), RP_STORE_OK);
    ck_assert(!holds(e.value + 10, sizeof e.value - 10));
    ck_assert_int_eq(holds(e.key, sizeof e.key), _i == 1);
}
END_TEST

START_TEST(add_is_done_once)
{
    struct rp_store *other = open_store();
    struct rp_store_reply reply;
    struct entry first = entry_of(1);

    ck_assert_int_eq(add(store, 1, 1, &reply), RP_STORE_OK);
    ck_assert_int_eq(add(other, 1, 2, &reply), RP_STORE_EXISTS);
    ck_assert_mem_eq(reply.value.bytes, first.value, sizeof first.value);
    now += 60000;
    ck_assert_int_eq(add(other, 1, 2, &reply), RP_STORE_OK);
    rp_store_close(other);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    static const uint8_t bytes[RP_STORE_KEYS_VALUE_MAX + 1];
    struct rp_bytes key = {bytes, 32}, value = {bytes, 1};
    struct rp_bytes short_key = {bytes, 31}, long_value = {bytes, sizeof bytes};

    ck_assert_int_eq(rp_store_put(store, key, long_value, 1, NULL), RP_STORE_FAILED);
    ck_assert_int_eq(rp_store_put(store, short_key, value, 1, NULL), RP_STORE_FAILED);
    ck_assert_int_eq(rp_store_put(store, key, value, 0, NULL), RP_STORE_FAILED);
    long_value.len--;
    ck_assert_int_eq(rp_store_put(store, key, long_value, 1, NULL), RP_STORE_OK);
}
END_TEST

START_TEST(full_file_loses_what_expires_first)
{
    struct stat before, after;

    ck_assert_int_eq(put(RP_STORE_KEYS_SLOTS, 1000), RP_STORE_OK);
    for (unsigned i = 1; i < RP_STORE_KEYS_SLOTS; i++)
        ck_assert_int_eq(put(i, 1000 + i), RP_STORE_OK);
    ck_assert_int_eq(stat(path, &before), 0);
    ck_assert_int_eq(put(0, 2000), RP_STORE_OK);
    ck_assert_int_eq(get(RP_STORE_KEYS_SLOTS), RP_STORE_MISSING);
    ck_assert(!in_file(RP_STORE_KEYS_SLOTS));
    for (unsigned i = 0; i < RP_STORE_KEYS_SLOTS; i++)
        ck_assert_int_eq(get(i), RP_STORE_OK);
    ck_assert_int_eq(stat(path, &after), 0);
    ck_assert_int_eq(before.st_size, after.st_size);
}
END_TEST

static void hurt(int how)
{
    static uint8_t noise[4 << 16];
    int fd;

    if (how == 0)
        ck_assert_int_eq(unlink(path), 0);
    if (how == 1)
        ck_assert_int_eq(truncate(path, 10), 0);
    if (how < 2)
        return;
    if (how == 2) /* another takes its place */
        ck_assert_int_eq(unlink(path), 0);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 151 >> 3 | 1);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(fd, noise, sizeof noise), (ssize_t)sizeof noise);
    close(fd);
}

START_TEST(hurt_file_heals)
{
    struct rp_store_reply reply;

    ck_assert_int_eq(put(1, 60000), RP_STORE_OK);
    hurt(_i);
    ck_assert_int_eq(get(1), RP_STORE_MISSING);
    ck_assert_int_eq(add(store, 1, 1, &reply), RP_STORE_OK);
    ck_assert_int_eq(get(1), RP_STORE_OK);
    ck_assert(in_file(1));
    ck_assert_uint_eq(troubles, 0);
}
END_TEST

/* A place that is none, or a link, with which somebody else would have us overwrite a file. */
START_TEST(file_that_can_not_be_opened_is_one_trouble)
{
    ck_assert_int_eq(put(1, 60000), RP_STORE_OK);
    unlink(path);
    if (_i == 0)
        ck_assert_int_eq(symlink("/dev/null", path), 0);
    else if (_i == 1)
        ck_assert_int_eq(mkdir(path, 0700), 0);
    else
        ck_assert_int_eq(mkfifo(path, 0600), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(get(1), RP_STORE_FAILED);
    ck_assert_int_eq(put(1, 60000), RP_STORE_FAILED);
    ck_assert_uint_eq(troubles, 1);
    ck_assert_uint_eq(recoveries, 0);
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(put(1, 60000), RP_STORE_OK);
    ck_assert_uint_eq(recoveries, 1);
}
END_TEST

START_TEST(lock_that_somebody_holds_is_not_waited_for)
{
    int fd;

    ck_assert_int_eq(put(1, 60000), RP_STORE_OK);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(put(2, 60000), RP_STORE_FAILED);
    ck_assert_int_eq(get(1), RP_STORE_OK);
    close(fd);
    ck_assert_int_eq(put(2, 60000), RP_STORE_OK);
}
END_TEST

/* Eight processes add the same forty entries: each is added by one of them. */
START_TEST(processes_add_each_entry_once)
{
    enum { PROCESSES = 8, ENTRIES = 40 };
    int sum = 0;

    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            struct rp_store_reply reply;
            int added = 0;

            store = open_store();
            for (unsigned k = 0; k < ENTRIES; k++) {
                enum rp_store_status status = add(store, k, k, &reply);

                while (status == RP_STORE_FAILED) /* the lock was somebody else's for long */
                    status = add(store, k, k, &reply);
                added += status == RP_STORE_OK;
            }
            _exit(added);
        }
    for (int i = 0, status; i < PROCESSES; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert(WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    ck_assert_int_eq(sum, ENTRIES);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("store_keys");
    TCase *t = tcase_create("keys");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, entry_is_there_until_it_expires_and_then_nowhere, 0, 5);
    tcase_add_loop_test(t, value_that_is_removed_or_replaced_is_nowhere, 0, 2);
    tcase_add_test(t, add_is_done_once);
    tcase_add_test(t, what_does_not_fit_is_refused);
    tcase_add_test(t, full_file_loses_what_expires_first);
    tcase_add_loop_test(t, hurt_file_heals, 0, 4);
    tcase_add_loop_test(t, file_that_can_not_be_opened_is_one_trouble, 0, 3);
    tcase_add_test(t, lock_that_somebody_holds_is_not_waited_for);
    tcase_add_test(t, processes_add_each_entry_once);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
