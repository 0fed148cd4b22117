/* SPDX-License-Identifier: MIT
 *
 * store.c - what a store costs and bears, by the very code that workers use: tests/bench/store.js
 * starts the servers and shows the figures. Prints one JSON object.
 *     store lookups NEAR URI DIR SIZE COUNT     one at a time: how long each takes, and CPU
 *     store writes  NEAR URI DIR SIZE COUNT     the same of new sessions
 *     store fill    NEAR URI DIR SIZE COUNT     sessions of so many bytes, and what they take
 *     store load    NEAR URI DIR SIZE COUNT RATE SECONDS [WRITES]
 *                                       so many lookups of these a second, and new sessions
 *     store many    NEAR URI DIR SIZE COUNT EXPIRING
 *                                       the time to store them, a million lookups, and the time to
 *                                       clear so many more that have expired, by writes alone
 * NEAR "-" is none. Each answer is counted, and each value looked at. */
#include "cache/latency.h"
#include "cache/store_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { KEY = 32, IN_FLIGHT = 1024, TICK_MS = 5, LONG_MS = 3600000, SHORT_MS = 60000 };

struct flight {
    struct rp_store_call call;
    uint64_t since_us, number;
    bool busy, is_put;
};

static struct rp_loop *loop;
static struct rp_store *store;
static struct flight flights[IN_FLIGHT];
static unsigned flying;
static uint8_t value[RP_STORE_VALUE_MAX];
static size_t value_len;
static uint64_t stored, put_failed, asked, found, missing, failed, wrong, held_back;
static uint32_t *took; /* microseconds of each lookup */
static size_t took_count, took_room;
static uint64_t ttl_ms = LONG_MS;

/* The name of the session of this number; as an HMAC would be, but that it can be told again. */
static void make_key(uint64_t number, uint8_t key[KEY])
{
    for (size_t i = 0; i < KEY; i += 8) {
        uint64_t x = (number + 1) * 0x9e3779b97f4a7c15u + i * 0xbf58476d1ce4e5b9u;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
        x = (x ^ x >> 27) * 0x94d049bb133111ebu;
        x ^= x >> 31;
        memcpy(key + i, &x, 8);
    }
}

static struct rp_bytes value_of(uint64_t number)
{
    memcpy(value, &number, sizeof number);
    return (struct rp_bytes){value, value_len};
}

/* -- answers */

static void landed(const struct flight *f, const struct rp_store_reply *reply)
{
    uint64_t number;

    if (took_count < took_room)
        took[took_count++] = (uint32_t)(rp_latency_now_us() - f->since_us);
    if (f->is_put) {
        *(reply->status == RP_STORE_OK ? &stored : &put_failed) += 1;
        return;
    }
    if (reply->status == RP_STORE_MISSING) {
        missing++;
    } else if (reply->status != RP_STORE_OK) {
        failed++;
    } else {
        memcpy(&number, reply->value.bytes, sizeof number);
        *(reply->value.len == value_len && number == f->number ? &found : &wrong) += 1;
    }
}

static void on_done(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct flight *f = call->arg;

    landed(f, reply);
    f->busy = false;
    flying--;
}

static struct flight *free_flight(void)
{
    for (size_t i = 0; i < IN_FLIGHT; i++)
        if (!flights[i].busy)
            return &flights[i];
    return NULL;
}

/* false: as many as may be are under way. */
static bool begin(uint64_t number, bool is_put)
{
    struct flight *f = free_flight();
    struct rp_store_reply now = {.status = RP_STORE_FAILED};
    uint8_t key[KEY];
    const struct rp_bytes name = {key, KEY};

    if (f == NULL)
        return false;
    make_key(number, key);
    *f = (struct flight){.call = {.done = on_done, .arg = f},
                         .since_us = rp_latency_now_us(),
                         .number = number,
                         .is_put = is_put};
    now.status = is_put ? rp_store_put(store, name, value_of(number), ttl_ms, &f->call)
                        : rp_store_get(store, name, &now, &f->call);
    f->busy = now.status == RP_STORE_LATER;
    flying += f->busy;
    if (!f->busy)
        landed(f, &now);
    return true;
}

static void await(unsigned most)
{
    while (flying > most)
        rp_loop_turn(loop, true);
}

/* -- figures */

static double cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static long rss_kb(void)
{
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f == NULL || fscanf(f, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (f != NULL)
        fclose(f);
    return resident * sysconf(_SC_PAGESIZE) / 1024;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t percentile(double share)
{
    return took_count == 0 ? 0 : took[(size_t)((double)(took_count - 1) * share)];
}

static void print_figures(const char *mode, double cpu, double seconds, long rss_before)
{
    struct rp_store_stats s;

    rp_store_stats(store, &s);
    qsort(took, took_count, sizeof *took, by_value);
    printf(
        "{\"mode\":\"%s\",\"stored\":%llu,\"putFailed\":%llu,\"asked\":%llu,\"found\":%llu,"
        "\"missing\":%llu,\"failed\":%llu,\"wrong\":%llu,\"heldBack\":%llu,\"seconds\":%.3f,"
        "\"cpuUs\":%.2f,\"p50Us\":%u,\"p99Us\":%u,\"maxUs\":%u,\"rssBeforeKb\":%ld,"
        "\"rssKb\":%ld,\"entries\":%llu,\"bytesUsed\":%llu,\"bytesSize\":%llu,\"evicted\":%llu,"
        "\"outages\":%llu}\n",
        mode, (unsigned long long)stored, (unsigned long long)put_failed, (unsigned long long)asked,
        (unsigned long long)found, (unsigned long long)missing, (unsigned long long)failed,
        (unsigned long long)wrong, (unsigned long long)held_back, seconds, cpu, percentile(0.5),
        percentile(0.99), percentile(1), rss_before, rss_kb(), (unsigned long long)s.entries,
        (unsigned long long)s.bytes_used, (unsigned long long)s.bytes_size,
        (unsigned long long)(rp_store_near(store) != NULL ? rp_store_near(store)->counted->evicted
                                                          : 0),
        (unsigned long long)(rp_store_far(store) != NULL ? rp_store_far(store)->counted->outages
                                                         : 0));
}

/* -- the modes */

static void fill(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        await(IN_FLIGHT - 1);
        begin(i, true);
    }
    await(0);
}

static uint64_t random_of(uint64_t count)
{
    static uint64_t state = 88172645463325252u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % count;
}

static void look_up_one_by_one(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        asked++;
        begin(random_of(count), false);
        await(0);
    }
}

static void write_one_by_one(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        asked++;
        begin(count + i, true);
        await(0);
    }
}

struct pace {
    struct rp_timer timer;
    uint64_t count, rate, writes, due, written, since_us, until_us;
};

/* As many as are due by now; what is late is caught up with. */
static void on_tick(struct rp_timer *timer)
{
    struct pace *p = timer->arg;
    uint64_t now = rp_latency_now_us(), passed = now - p->since_us;

    while (p->due < passed * p->rate / 1000000 && begin(random_of(p->count), false)) {
        p->due++;
        asked++;
    }
    held_back += p->due < passed * p->rate / 1000000;
    while (p->written < passed * p->writes / 1000000 && begin(p->count + p->written, true))
        p->written++;
    if (now < p->until_us)
        rp_timer_start(loop, timer, TICK_MS);
}

static void load(uint64_t count, uint64_t rate, uint64_t seconds, uint64_t writes)
{
    uint64_t now = rp_latency_now_us();
    struct pace pace = {.timer = {.fire = on_tick},
                        .count = count,
                        .rate = rate,
                        .writes = writes,
                        .since_us = now,
                        .until_us = now + seconds * 1000000};

    pace.timer.arg = &pace;
    rp_timer_start(loop, &pace.timer, 0);
    while (rp_timer_active(&pace.timer))
        rp_loop_turn(loop, true);
    await(0);
}

static double seconds_since(uint64_t us)
{
    return (double)(rp_latency_now_us() - us) / 1e6;
}

/* How long it takes until what has expired is gone, and how many writes. */
static double clear_expired(uint64_t first, uint64_t expiring, uint64_t *writes)
{
    const struct rp_store_counters *counted = rp_store_near(store)->counted;
    uint64_t before = counted->expired, since;

    ttl_ms = SHORT_MS;
    for (uint64_t i = 0; i < expiring; i++)
        begin(first + i, true);
    sleep(SHORT_MS / 1000 + 1);
    ttl_ms = LONG_MS;
    since = rp_latency_now_us();
    for (*writes = 0; counted->expired - before < expiring && *writes < expiring; ++*writes)
        begin(first + expiring + *writes, true);
    return seconds_since(since);
}

static int many(uint64_t count, uint64_t expiring)
{
    enum { LOOKUPS = 1000000 };
    uint64_t since = rp_latency_now_us(), writes = 0;
    struct rp_store_stats s;
    double filled, looked, cleared;

    if (rp_store_near(store) == NULL)
        return 2;
    fill(count);
    filled = seconds_since(since);
    rp_store_stats(store, &s);
    since = rp_latency_now_us();
    for (int i = 0; i < LOOKUPS; i++)
        begin(random_of(count), false);
    looked = seconds_since(since);
    cleared = clear_expired(count, expiring, &writes);
    printf(
        "{\"entries\":%llu,\"bytesUsed\":%llu,\"found\":%llu,\"fillSeconds\":%.1f,"
        "\"lookupsASecond\":%.0f,\"expired\":%llu,\"expireSeconds\":%.1f,\"expireWrites\":%llu}\n",
        (unsigned long long)s.entries, (unsigned long long)s.bytes_used, (unsigned long long)found,
        filled, LOOKUPS / looked, (unsigned long long)expiring, cleared,
        (unsigned long long)writes);
    return 0;
}

static int run(int argc, char **argv)
{
    const char *mode = argv[1];
    uint64_t count = strtoull(argv[6], NULL, 10), rate = argc > 7 ? strtoull(argv[7], NULL, 10) : 0,
             seconds = argc > 8 ? strtoull(argv[8], NULL, 10) : 0;
    double cpu, began;
    long rss;

    if (count == 0)
        return 2;
    if (strcmp(mode, "many") == 0)
        return many(count, rate);
    fill(count);
    took_room = strcmp(mode, "load") == 0 ? rate * (seconds + 1) : count;
    took = calloc(took_room + 1, sizeof *took);
    if (took == NULL)
        return 1;
    memset(took, 1, (took_room + 1) * sizeof *took); /* it is there before memory is measured */
    rss = rss_kb();
    cpu = cpu_us();
    began = (double)rp_latency_now_us();
    if (strcmp(mode, "lookups") == 0)
        look_up_one_by_one(count);
    else if (strcmp(mode, "writes") == 0)
        write_one_by_one(count);
    else if (strcmp(mode, "load") == 0)
        load(count, rate, seconds, argc > 9 ? strtoull(argv[9], NULL, 10) : 0);
    cpu = asked > 0 ? (cpu_us() - cpu) / (double)asked : 0;
    print_figures(mode, cpu, ((double)rp_latency_now_us() - began) / 1e6, rss);
    free(took);
    return 0;
}

int main(int argc, char **argv)
{
    struct rp_error error = {0};
    int status = 1;

    if (argc < 7) {
        fputs("usage: store lookups|writes|fill|many|load NEAR|- URI DIR SIZE COUNT [RATE|EXPIRING "
              "SECONDS [WRITES]]\n",
              stderr);
        return 2;
    }
    value_len = strtoull(argv[5], NULL, 10);
    if (value_len < 8 || value_len > sizeof value)
        return 2;
    for (size_t i = 0; i < value_len; i++)
        value[i] = (uint8_t)random_of(256);
    loop = rp_loop_new(&error);
    if (loop != NULL)
        store = rp_store_open_tiers(loop, strcmp(argv[2], "-") == 0 ? NULL : argv[2], argv[3],
                                    argv[4], &error);
    if (store != NULL)
        status = run(argc, argv);
    else
        fprintf(stderr, "%s\n", error.message);
    rp_store_close(store);
    if (loop != NULL)
        rp_loop_run(loop);
    rp_loop_free(loop);
    return status;
}
