/* SPDX-License-Identifier: MIT
 *
 * store_lmdb.c - the store of one host: what is put is there for all processes until it expires;
 * a full, damaged, cut or vanished file and a process killed at any instant cost entries at most.
 */
#include "cache/store_open.h"
#include "lib/base/clock.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/store-XXXXXX", path[64], uri[96];
static struct rp_loop *loop;
static struct rp_store *store;

static struct rp_bytes of(const char *text)
{
    return (struct rp_bytes){text, strlen(text)};
}

static struct rp_store *open_store(const char *size)
{
    struct rp_error error = {0};
    struct rp_store *s;

    snprintf(uri, sizeof uri, "lmdb:file?size=%s", size);
    s = rp_store_open(loop, uri, dir, &error);
    ck_assert_msg(s != NULL, "%s", error.message);
    return s;
}

static void setup(void)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
    loop = rp_loop_new(NULL);
    store = open_store("1M");
}

static void teardown(void)
{
    char command[128];

    rp_store_close(store);
    rp_loop_free(loop);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static void put(const char *key, const char *value, uint64_t ttl)
{
    ck_assert_int_eq(rp_store_put(store, of(key), of(value), ttl, NULL), RP_STORE_OK);
}

static void check_value(const char *key, const char *value)
{
    struct rp_store_reply reply;

    ck_assert_int_eq(rp_store_get(store, of(key), &reply, NULL), RP_STORE_OK);
    ck_assert_uint_eq(reply.value.len, strlen(value));
    ck_assert_mem_eq(reply.value.bytes, value, strlen(value));
}

static void check_missing(const char *key)
{
    struct rp_store_reply reply;

    ck_assert_int_eq(rp_store_get(store, of(key), &reply, NULL), RP_STORE_MISSING);
}

static struct rp_store_stats stats(void)
{
    struct rp_store_stats s;

    rp_store_stats(store, &s);
    return s;
}

static void wait_ms(unsigned ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

START_TEST(store_keeps_what_was_put)
{
    put("one", "1", 60000);
    put("two", "", 0);
    check_value("one", "1");
    check_value("two", "");
    put("one", "uno", 60000);
    check_value("one", "uno");
    ck_assert_uint_eq(stats().entries, 2);
    ck_assert_int_eq(rp_store_remove(store, of("one"), NULL), RP_STORE_OK);
    ck_assert_int_eq(rp_store_remove(store, of("one"), NULL), RP_STORE_OK);
    check_missing("one");
    ck_assert_uint_eq(stats().entries, 1);
}
END_TEST

START_TEST(store_adds_only_once)
{
    struct rp_store_reply reply;

    ck_assert_int_eq(rp_store_add(store, of("k"), of("first"), 60000, &reply, NULL), RP_STORE_OK);
    ck_assert_int_eq(rp_store_add(store, of("k"), of("second"), 60000, &reply, NULL),
                     RP_STORE_EXISTS);
    ck_assert_uint_eq(reply.value.len, 5);
    ck_assert_mem_eq(reply.value.bytes, "first", 5);
    check_value("k", "first");
    put("k", "x", 1);
    wait_ms(3);
    ck_assert_int_eq(rp_store_add(store, of("k"), of("third"), 60000, &reply, NULL), RP_STORE_OK);
    check_value("k", "third");
}
END_TEST

START_TEST(store_refuses_sizes)
{
    static const char large[RP_STORE_VALUE_MAX + 1] = {1};
    struct rp_store_reply reply;

    ck_assert_int_eq(rp_store_get(store, of(""), &reply, NULL), RP_STORE_FAILED);
    ck_assert_int_eq(
        rp_store_put(store, (struct rp_bytes){large, RP_STORE_KEY_MAX + 1}, of("v"), 1, NULL),
        RP_STORE_FAILED);
    ck_assert_int_eq(rp_store_put(store, of("k"), (struct rp_bytes){large, sizeof large}, 1, NULL),
                     RP_STORE_FAILED);
    ck_assert_int_eq(
        rp_store_put(store, of("k"), (struct rp_bytes){large, sizeof large - 1}, 60000, NULL),
        RP_STORE_OK);
    ck_assert_uint_eq(stats().counted.failures, 3);
}
END_TEST

START_TEST(store_forgets_what_expired)
{
    char key[32];

    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "short %d", i);
        put(key, "gone soon", 1);
    }
    wait_ms(5);
    check_missing("short 1");
    for (int i = 0; i < 30; i++) {
        snprintf(key, sizeof key, "long %d", i);
        put(key, "stays", 60000);
    }
    ck_assert_uint_eq(stats().entries, 30); /* each write clears more than one */
    check_value("long 0", "stays");
}
END_TEST

/* Eight times what fits, in sizes from nothing to the largest. */
START_TEST(store_full_evicts_the_oldest)
{
    static char value[RP_STORE_VALUE_MAX];
    char key[32];
    uint64_t written = 0;
    unsigned i;

    put("first", "1", 60000);
    for (i = 0; written < (8 << 20); i++) {
        struct rp_bytes bytes = {value, i % 7 == 0 ? i * 131 % sizeof value : i * 31 % 400};

        snprintf(key, sizeof key, "key %u", i);
        ck_assert_int_eq(rp_store_put(store, of(key), bytes, 60000 + i, NULL), RP_STORE_OK);
        written += bytes.len + 8;
    }
    check_missing("first");
    snprintf(key, sizeof key, "key %u", i - 1);
    ck_assert_int_eq(rp_store_get(store, of(key), &(struct rp_store_reply){0}, NULL), RP_STORE_OK);
    ck_assert_uint_gt(stats().counted.evicted, 0);
    ck_assert_uint_gt(stats().bytes_used, 256 << 10);
    ck_assert_uint_le(stats().bytes_used, 1 << 20);
    ck_assert_uint_eq(stats().counted.failures, 0);
}
END_TEST

static unsigned begins, ends;
static struct rp_error why;

static void count_troubles(const struct rp_error *error, void *arg)
{
    (void)arg;
    if (error != NULL) {
        why = *error;
        begins++;
    } else {
        ends++;
    }
}

static bool exists(const char *suffix)
{
    char name[80];

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return access(name, F_OK) == 0;
}

/* A file that may not grow is what a full disk looks like to who writes. */
static void disk_has(size_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void put_many(unsigned count)
{
    static char value[300];
    char key[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof key, "key %u", i);
        rp_store_put(store, of(key), (struct rp_bytes){value, sizeof value}, 60000 + i, NULL);
    }
}

/* Some writes fail and some succeed, and what is there can be read. */
START_TEST(store_on_a_full_disk_says_so_once)
{
    rp_store_on_trouble(store, count_troubles, NULL);
    begins = ends = 0;
    put("first", "1", 60000);
    disk_has(200 << 10);
    for (unsigned i = 0; i < 8; i++) {
        put_many(1000);
        check_value("first", "1");
    }
    ck_assert_uint_gt(stats().counted.failures, 0);
    ck_assert_uint_eq(begins, 1);
    ck_assert_uint_eq(ends, 0);
    ck_assert_ptr_nonnull(strstr(why.message, "is the disk full"));
    disk_has(RLIM_INFINITY);
    put_many(1000);
    ck_assert_uint_eq(stats().entries, 1001);
}
END_TEST

/* Nothing can be written, all can be read. (Nor could Check write in the meantime.) */
START_TEST(store_that_cannot_write_says_so_once)
{
    unsigned found = 0;

    put("first", "1", 60000);
    rp_store_on_trouble(store, count_troubles, NULL);
    begins = ends = 0;
    disk_has(0);
    for (unsigned i = 0; i < 50; i++) {
        put_many(1);
        found += rp_store_get(store, of("first"), &(struct rp_store_reply){0}, NULL) == RP_STORE_OK;
    }
    disk_has(RLIM_INFINITY);
    ck_assert_uint_eq(found, 50);
    ck_assert_uint_eq(begins, 1);
    ck_assert_uint_eq(ends, 0);
    ck_assert_ptr_nonnull(strstr(why.message, "is the disk full"));
    ck_assert_uint_eq(stats().counted.failures, 50);
}
END_TEST

/* LMDB calls this one: the two pages that say where everything is are the first in the file. */
static bool heads_fail;

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    if (!heads_fail || at >= 8192)
        return syscall(SYS_pwrite64, fd, bytes, len, at);
    errno = ENOSPC;
    return -1;
}

/* After that LMDB refuses to go on with what it has open (MDB_PANIC), and the file is well. */
START_TEST(store_whose_commits_fail_is_opened_again_and_not_put_aside)
{
    put("first", "1", 60000);
    rp_store_on_trouble(store, count_troubles, NULL);
    begins = ends = 0;
    heads_fail = true;
    for (unsigned i = 0; i < 5; i++)
        put_many(1);
    heads_fail = false;
    wait_ms(505);
    rp_loop_turn(loop, false);
    check_value("first", "1");
    put("second", "2", 60000);
    ck_assert(!exists(".damaged"));
    ck_assert_uint_eq(begins, 1);
    ck_assert_uint_eq(ends, 0); /* not yet: some seconds without another one are wanted */
    ck_assert_ptr_nonnull(strstr(why.message, "is the disk full"));
}
END_TEST

START_TEST(store_is_shared_by_processes)
{
    int status;
    pid_t child;

    put("from parent", "hello", 60000);
    child = fork();
    if (child == 0) {
        rp_store_close(store);
        rp_loop_forked(loop);
        store = open_store("1M");
        check_value("from parent", "hello");
        put("from child", "hi", 60000);
        rp_store_close(store);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    check_value("from child", "hi");
}
END_TEST

/* A writer is killed at some instant, a hundred times; what it had finished is there. */
/* -- a process that holds the write lock, and is stopped */

/* A process of another program that has begun to write. */
static pid_t hold_write_lock(void)
{
    int ready[2];
    pid_t child;
    char byte;

    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        MDB_env *env;
        MDB_txn *txn;

        if (mdb_env_create(&env) == 0 && mdb_env_open(env, path, MDB_NOSUBDIR, 0600) == 0 &&
            mdb_txn_begin(env, NULL, 0, &txn) == 0 && write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    kill(child, SIGSTOP);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void release_write_lock(pid_t child)
{
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

/* Returns at all; only the first write waits. */
START_TEST(store_whose_write_lock_is_held_drops_writes_and_answers_lookups)
{
    uint64_t began = rp_wall_ms();
    pid_t child;

    put("first", "1", 60000);
    rp_store_on_trouble(store, count_troubles, NULL);
    begins = ends = 0;
    child = hold_write_lock();
    for (unsigned i = 0; i < 500; i++) {
        ck_assert_int_eq(rp_store_put(store, of("other"), of("2"), 60000, NULL), RP_STORE_FAILED);
        check_value("first", "1");
    }
    ck_assert_int_eq(rp_store_remove(store, of("first"), NULL), RP_STORE_FAILED);
    ck_assert_uint_lt(rp_wall_ms() - began, 500 * 50); /* not each of them waits */
    ck_assert_uint_eq(stats().counted.failures, 501);
    ck_assert_uint_eq(begins, 1);
    ck_assert_uint_eq(ends, 0);
    ck_assert_ptr_nonnull(strstr(why.message, "another process has held the write lock of"));
    release_write_lock(child);
    put("other", "2", 60000);
    check_value("other", "2");
    ck_assert(!exists(".damaged"));
}
END_TEST

START_TEST(store_is_opened_while_its_write_lock_is_held)
{
    pid_t child;

    put("first", "1", 60000);
    rp_store_close(store);
    child = hold_write_lock();
    store = open_store("1M");
    check_value("first", "1");
    release_write_lock(child);
    put("second", "2", 60000);
}
END_TEST

/* In another PID namespace: LMDB knows processes by their process IDs. */
START_TEST(store_used_by_a_process_with_our_id_says_what_to_do)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    struct rp_error error;
    pid_t child, id = getpid();
    int ready[2];
    char byte, locks[80];

    ck_assert_int_eq(pipe(ready), 0);
    rp_store_close(store);
    snprintf(locks, sizeof locks, "%s-lock", path);
    child = fork();
    if (child == 0) {
        int fd = open(locks, O_RDWR);

        lock.l_start = id;
        if (fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0 && write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_ptr_null(store = rp_store_open(loop, uri, dir, &error));
    ck_assert_str_eq(error.code, "ERR_STORE_SHARED");
    ck_assert_ptr_nonnull(strstr(error.message, "give each container its own state-dir"));
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    store = open_store("1M");
    put("k", "v", 60000);
}
END_TEST

START_TEST(store_survives_killed_writers)
{
    volatile unsigned *done =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char key[32];

    for (unsigned round = 0; round < 100; round++) {
        pid_t child;

        *done = 0;
        child = fork();
        if (child == 0) {
            rp_store_close(store);
            store = rp_store_open(loop, uri, dir, NULL);
            for (unsigned i = 0; store != NULL && i < 100000; i++) {
                snprintf(key, sizeof key, "%u", i % 500);
                /* no assertions: killed in the middle of one, it would spoil the runner's pipe */
                if (rp_store_put(store, of(key), of(key), 60000, NULL) != RP_STORE_OK)
                    _exit(1);
                *done = i + 1;
            }
            _exit(0);
        }
        while (*done < round + 2)
            sched_yield();
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        snprintf(key, sizeof key, "%u", (*done - 1) % 500);
        check_value(key, key);
        put("mine", "1", 60000);
        check_value("mine", "1");
    }
    munmap((void *)(uintptr_t)done, 4096);
}
END_TEST

/* -- damage */

static unsigned troubles, recoveries;
static char told[256];

static void on_trouble(const struct rp_error *error, void *arg)
{
    (void)arg;
    if (error == NULL) {
        recoveries++;
        return;
    }
    troubles++;
    snprintf(told, sizeof told, "%.255s", error->message);
}

static void listen_anew(void)
{
    troubles = recoveries = 0;
    rp_store_on_trouble(store, on_trouble, NULL);
}

static void overwrite(off_t at, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, bytes, len, at), (ssize_t)len);
    close(fd);
}

START_TEST(store_begins_anew_when_damaged_at_the_opening)
{
    static char noise[8192];

    memset(noise, 0xa5, sizeof noise);
    put("k", "v", 60000);
    rp_store_close(store);
    overwrite(0, noise, sizeof noise);
    store = open_store("1M");
    listen_anew();
    ck_assert_uint_eq(troubles, 1);
    ck_assert_ptr_nonnull(strstr(told, "file is damaged"));
    ck_assert(exists(".damaged"));
    check_missing("k");
    put("k", "v", 60000);
    check_value("k", "v");
    ck_assert_uint_eq(recoveries, 1);
}
END_TEST

/* A file in which LMDB searches without end when it is opened, found by damaging a good one and
 * reduced to the bytes that matter; all others are zero. */
static void write_endless_file(void)
{
    static const struct {
        uint16_t at;
        uint8_t value;
    } bytes[] = {{10, 8},     {16, 222},   {17, 192},   {18, 239},   {19, 190},
                 {20, 1},     {41, 16},    {128, 6},    {136, 88},   {4106, 8},
                 {4112, 222}, {4113, 192}, {4114, 239}, {4115, 190}, {4116, 1},
                 {4136, 77},  {4137, 9},   {4241, 2},   {14296, 54}};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_eq(ftruncate(fd, 89 * 4096), 0);
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        ck_assert_int_eq(pwrite(fd, &bytes[i].value, 1, bytes[i].at), 1);
    close(fd);
}

START_TEST(store_that_takes_for_ever_to_open_ends_its_process)
{
    int status;
    pid_t pid;

    rp_store_close(store);
    store = NULL;
    write_endless_file();
    pid = fork();
    if (pid == 0) {
        alarm(50); /* another signal than the one that is expected */
        _exit(rp_store_open(loop, "lmdb:file?size=1M", dir, NULL) != NULL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGVTALRM);
    ck_assert(rp_store_set_aside("lmdb:file?size=1M", dir, RP_STORE_OPENING, NULL));
    store = open_store("1M");
    ck_assert(exists(".damaged"));
}
END_TEST

START_TEST(store_cut_short_begins_anew)
{
    char key[32];

    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "%d", i);
        put(key, "some value of some length", 60000);
    }
    rp_store_close(store);
    ck_assert_int_eq(truncate(path, 3 * 4096), 0);
    store = open_store("1M");
    listen_anew();
    for (int i = 0; i < 2000; i++) { /* whatever is asked: an answer, and health in the end */
        snprintf(key, sizeof key, "%d", i);
        rp_store_get(store, of(key), &(struct rp_store_reply){0}, NULL);
    }
    rp_store_close(store);
    store = open_store("1M");
    put("after", "1", 60000);
    check_value("after", "1");
}
END_TEST

START_TEST(store_comes_back_when_its_file_was_put_aside)
{
    struct rp_error error;
    struct stat st;

    put("k", "v", 60000);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert(rp_store_set_aside("lmdb:file", dir, st.st_ino + 1, &error)); /* another one's */
    ck_assert(!exists(".damaged"));
    ck_assert(rp_store_set_aside("lmdb:file", dir, st.st_ino, &error));
    ck_assert(exists(".damaged"));
    wait_ms(1005);
    rp_loop_turn(loop, false);
    check_missing("k");
    put("k", "new", 60000);
    check_value("k", "new");
    ck_assert(exists(""));
}
END_TEST

START_TEST(store_that_cannot_be_opened_says_why)
{
    struct rp_error error;

    ck_assert_ptr_null(rp_store_open(loop, "lmdb:no/such/place", dir, &error));
    ck_assert_str_eq(error.code, "ENOENT");
    ck_assert_ptr_nonnull(strstr(error.message, "no/such/place"));
    ck_assert_ptr_null(rp_store_open(loop, "lmdb:.", dir, &error)); /* a directory */
    ck_assert_ptr_nonnull(strstr(error.message, "/."));
}
END_TEST

static const struct {
    const char *uri, *message;
} bad_uris[] = {
    {"lmdb:", "lmdb: has no file name; use for example lmdb:sessions"},
    {"lmdb:dir/", "lmdb: has no file name; use for example lmdb:sessions"},
    {"lmdb:f?sise=1M", "?sise is invalid; lmdb: has one option, ?size="},
    {"lmdb:f?size=", "size= is invalid; use 1M to 1024G, for example size=256M"},
    {"lmdb:f?size=-1", "size=-1 is invalid; use 1M to 1024G, for example size=256M"},
    {"lmdb:f?size=1023K", "size=1023K is invalid; use 1M to 1024G, for example size=256M"},
    {"lmdb:f?size=1MB", "size=1MB is invalid; use 1M to 1024G, for example size=256M"},
    {"lmdb:f?size=99999999999999999999", "size=99999999999999999999 is invalid; use 1M to 1024G, "
                                         "for example size=256M"},
    {"file:f", "file is not a kind of store; use lmdb:PATH?size=256M or redis://host:port/db"},
};

START_TEST(store_refuses_uris)
{
    struct rp_error error = {0};

    ck_assert(!rp_store_check_uri(bad_uris[_i].uri, &error));
    ck_assert_str_eq(error.message, bad_uris[_i].message);
}
END_TEST

START_TEST(store_accepts_uris)
{
    ck_assert(rp_store_check_uri("lmdb:f", NULL));
    ck_assert(rp_store_check_uri("lmdb:/var/lib/f?size=1G", NULL));
    ck_assert(rp_store_check_uri("lmdb:f?size=1048576", NULL));
    ck_assert(!rp_store_uri_is_remote("lmdb:f"));
    ck_assert(rp_store_uri_is_remote("redis://h"));
}
END_TEST

START_TEST(store_file_is_for_its_owner_alone)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

/* It is written through a map, where a disk without room is a SIGBUS. */
START_TEST(store_has_room_for_its_locks)
{
    char locks[80];
    struct stat st;

    snprintf(locks, sizeof locks, "%s-lock", path);
    ck_assert_int_eq(stat(locks, &st), 0);
    ck_assert_int_gt(st.st_size, 1024 * 64);
    ck_assert_int_ge(st.st_blocks * 512, st.st_size);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(store_marks_where_it_is)
{
    uint64_t place = 77;

    rp_store_mark_place(store, &place);
    put("k", "v", 60000);
    ck_assert_uint_eq(place, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_lmdb");
    TCase *core = tcase_create("core");

    tcase_add_checked_fixture(core, setup, teardown);
    tcase_set_timeout(core, 60);
    tcase_add_test(core, store_keeps_what_was_put);
    tcase_add_test(core, store_adds_only_once);
    tcase_add_test(core, store_refuses_sizes);
    tcase_add_test(core, store_forgets_what_expired);
    tcase_add_test(core, store_full_evicts_the_oldest);
    tcase_add_test(core, store_on_a_full_disk_says_so_once);
    tcase_add_test(core, store_that_cannot_write_says_so_once);
    tcase_add_test(core, store_whose_commits_fail_is_opened_again_and_not_put_aside);
    tcase_add_test(core, store_is_shared_by_processes);
    tcase_add_test(core, store_whose_write_lock_is_held_drops_writes_and_answers_lookups);
    tcase_add_test(core, store_is_opened_while_its_write_lock_is_held);
    tcase_add_test(core, store_used_by_a_process_with_our_id_says_what_to_do);
    tcase_add_test(core, store_survives_killed_writers);
    tcase_add_test(core, store_begins_anew_when_damaged_at_the_opening);
    tcase_add_test(core, store_that_takes_for_ever_to_open_ends_its_process);
    tcase_add_test(core, store_cut_short_begins_anew);
    tcase_add_test(core, store_comes_back_when_its_file_was_put_aside);
    tcase_add_test(core, store_that_cannot_be_opened_says_why);
    tcase_add_loop_test(core, store_refuses_uris, 0, sizeof bad_uris / sizeof *bad_uris);
    tcase_add_test(core, store_accepts_uris);
    tcase_add_test(core, store_file_is_for_its_owner_alone);
    tcase_add_test(core, store_has_room_for_its_locks);
    tcase_add_test(core, store_marks_where_it_is);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
