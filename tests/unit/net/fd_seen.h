/* SPDX-License-Identifier: MIT
 *
 * fd_seen.h - streams over descriptors, and what is seen of them. The other end is a bare
 * descriptor, or a second stream on the same loop. */
#ifndef FD_SEEN_H
#define FD_SEEN_H

#include <reprise/net.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MUCH = 3000000 };

/* What is known of a stream under test. */
struct seen {
    struct rp_stream *stream;
    char events[64], code[40], got[64]; /* one letter an event, data in a row one letter */
    size_t bytes, sum;
};

static struct rp_loop *loop;
static struct rp_timer overtime;
static struct seen seen[2];
static bool in_call, destroy_at_data;

static inline void on_event(const struct rp_event *e, void *arg)
{
    static const char letters[RP_EV_COUNT] = {
        [RP_EV_DATA] = 'd',  [RP_EV_END] = 'E',   [RP_EV_FINISH] = 'F',
        [RP_EV_ERROR] = '!', [RP_EV_CLOSE] = 'X', [RP_EV_DRAIN] = 'D'};
    struct seen *s = arg;
    size_t n = strlen(s->events);

    ck_assert(!in_call);
    if (letters[e->type] == '\0')
        return;
    if (n == 0 || s->events[n - 1] != letters[e->type])
        s->events[n] = letters[e->type];
    if (e->type == RP_EV_ERROR)
        snprintf(s->code, sizeof s->code, "%.39s", e->error.error->code);
    if (e->type != RP_EV_DATA)
        return;
    for (size_t i = 0; i < e->data.len; i++) {
        if (s->bytes + i < sizeof s->got - 1)
            s->got[s->bytes + i] = (char)e->data.bytes[i];
        s->sum += (s->bytes + i) * e->data.bytes[i];
    }
    s->bytes += e->data.len;
    if (destroy_at_data)
        rp_stream_destroy(s->stream, NULL);
}

static inline void on_overtime(struct rp_timer *t)
{
    (void)t;
    ck_abort_msg("nothing happens; %s and %s", seen[0].events, seen[1].events);
}

static inline void set_up(void)
{
    loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(loop);
    memset(seen, 0, sizeof seen);
    in_call = destroy_at_data = false;
    overtime = (struct rp_timer){.fire = on_overtime};
    rp_timer_start(loop, &overtime, 60000);
}

static inline void tear_down(void)
{
    rp_timer_stop(&overtime);
    for (size_t i = 0; i < 2; i++)
        rp_stream_destroy(seen[i].stream, NULL);
    rp_loop_run(loop);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(seen[i].stream == NULL || strchr(seen[i].events, 'X') != NULL);
        rp_stream_unref(seen[i].stream);
    }
    rp_loop_free(loop);
}

static inline struct rp_stream *take_with(int i, int fd, struct rp_stream_options o)
{
    struct rp_error err = {0};

    in_call = true;
    seen[i].stream = rp_stream_from_fd(loop, fd, &o, &err);
    in_call = false;
    ck_assert_msg(seen[i].stream != NULL, "%s", err.message);
    ck_assert(rp_stream_listen(seen[i].stream, RP_EVENT_ALL, on_event, &seen[i]));
    return seen[i].stream;
}

static inline struct rp_stream *take(int i, int fd)
{
    return take_with(i, fd, (struct rp_stream_options){0});
}

static inline void say(struct rp_stream *s, const char *text)
{
    in_call = true;
    rp_stream_write(s, text, strlen(text));
    in_call = false;
}

static inline void put(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
}

/* Turn until stream i has had an event. */
static inline void turn_until(int i, char event)
{
    while (strchr(seen[i].events, event) == NULL)
        rp_loop_turn(loop, true);
}

static inline void turn_until_bytes(int i, size_t bytes)
{
    while (seen[i].bytes < bytes)
        rp_loop_turn(loop, true);
}

static inline void turn_until_closed(void)
{
    for (int i = 0; i < 2; i++)
        if (seen[i].stream != NULL)
            turn_until(i, 'X');
}

static inline bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static inline bool is_nonblocking(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

#endif
