/* SPDX-License-Identifier: MIT
 *
 * admin.c - the master's HTTP, by libmicrohttpd; see admin.h.
 * It runs on the master's loop, and so in its one thread: the master forks, which threads would not
 * survive. libmicrohttpd waits in an epoll of its own, which the loop watches; it reads requests,
 * we answer GET of two pages and refuse all else before any body.
 * The dangers: clients that are slow, silent or many (so many connections, each for so long, with
 * so much memory); and descriptors that a forked generation would keep open (each is known). */
#include "master/admin.h"
#include "master/generation/listeners.h"

#include "master/admin_host.h"
#include "master/generation/unix_file.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <reprise/net.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MEMORY = 8192 /* bytes for a request's head; more is refused */ };

struct client {
    struct admin *admin;
    int fd;                 /* -1: the place is free */
    uint64_t source, order; /* who it is (source_of); when it came */
    bool sent_away;         /* it is about to end */
    struct rp_timer limit;
};
enum { PLACES = ADMIN_CLIENTS + ADMIN_RESERVE };

struct admin {
    struct rp_loop *loop;
    char *address;
    struct admin_options o;
    struct user user;
    struct unix_file file;
    int fd, epoll;
    struct MHD_Daemon *daemon;
    struct rp_io io;
    struct rp_timer again;
    bool room;                    /* a connection has ended, or is about to */
    uint64_t came;                /* how many have */
    uint64_t refused, refused_ms; /* not reported yet; when the last report was, 0: never */
    struct client clients[PLACES];
};

/* -- on the loop */

/* libmicrohttpd says when it wants to be called although nothing happens; and it accepts again only
 * in the call after the one that made room. */
static void work(struct admin *a)
{
    MHD_UNSIGNED_LONG_LONG ms;

    rp_timer_stop(&a->again);
    a->room = false;
    MHD_run(a->daemon);
    if (a->room)
        rp_timer_start(a->loop, &a->again, 0);
    else if (MHD_get_timeout(a->daemon, &ms) == MHD_YES)
        rp_timer_start(a->loop, &a->again, ms);
}

static void on_io(struct rp_io *io, int events)
{
    (void)events;
    work(io->arg);
}

static void on_again(struct rp_timer *timer)
{
    work(timer->arg);
}

/* -- clients */

/* It may send a byte each second: this ends it all the same. */
static void send_away(struct client *client)
{
    client->sent_away = true;
    client->admin->room = true;
    shutdown(client->fd, SHUT_RDWR);
}

static void on_limit(struct rp_timer *timer)
{
    struct client *client = timer->arg;

    client->admin->o.counters->timeouts++;
    send_away(client);
}

/* The user at the other end of a Unix socket; the address of a TCP client, of IPv6 its network; all
 * of loopback is one, as whoever is here can take any of its addresses. */
static uint64_t source_of(int fd)
{
    struct rp_address a = {.len = sizeof a - offsetof(struct rp_address, any)};
    struct ucred peer;
    socklen_t len = sizeof peer;
    uint64_t network;

    if (getpeername(fd, &a.any, &a.len) != 0)
        return 0;
    rp_address_unmap(&a);
    if (a.any.sa_family == AF_INET)
        return ntohl(a.in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET ? 1 : a.in.sin_addr.s_addr;
    if (a.any.sa_family == AF_INET6) {
        memcpy(&network, &a.in6.sin6_addr, sizeof network);
        return IN6_IS_ADDR_LOOPBACK(&a.in6.sin6_addr) ? 1 : network;
    }
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.uid : 0;
}

static size_t count_of(const struct admin *a, uint64_t source)
{
    size_t count = 0;

    for (size_t i = 0; i < PLACES; i++)
        count +=
            a->clients[i].fd >= 0 && !a->clients[i].sent_away && a->clients[i].source == source;
    return count;
}

/* Evict the oldest connection of the source that has most: it had the time to ask. So nobody can
 * keep others away by holding all places. */
static void make_room(struct admin *a)
{
    struct client *goes = NULL;
    size_t stay = 0, most = 0;

    for (size_t i = 0; i < PLACES; i++) {
        struct client *client = &a->clients[i];
        size_t count;

        if (client->fd < 0 || client->sent_away)
            continue;
        stay++;
        count = count_of(a, client->source);
        if (goes == NULL || count > most || (count == most && client->order < goes->order)) {
            goes = client;
            most = count;
        }
    }
    if (stay <= ADMIN_CLIENTS)
        return;
    a->o.counters->evicted++;
    send_away(goes);
}

static struct client *place_of(struct admin *a, int fd)
{
    for (size_t i = 0; i < PLACES; i++)
        if (a->clients[i].fd == fd)
            return &a->clients[i];
    return NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct admin *a = arg;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        client = *context;
        if (client == NULL)
            return;
        rp_timer_stop(&client->limit);
        client->fd = -1;
        a->room = true;
        return;
    }
    client = place_of(a, -1); /* there are as many as connections may be */
    *context = client;
    if (client == NULL || info == NULL)
        return;
    client->fd = info->connect_fd;
    client->source = source_of(client->fd);
    client->order = ++a->came;
    client->sent_away = false;
    make_room(a);
    rp_timer_start(a->loop, &client->limit, a->o.limit_ms);
}

/* -- answers */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              char *text, size_t len)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;

    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Connection", "close");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET");
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
    char *text = strdup(why);

    return text != NULL ? answer(connection, status, "text/plain", text, strlen(why)) : MHD_NO;
}

static enum MHD_Result show(struct admin *a, struct MHD_Connection *connection,
                            enum admin_page page, const char *type)
{
    struct rp_text text = {0};
    size_t len;
    char *bytes;

    a->o.asked(page, &text, a->o.arg);
    bytes = rp_text_take(&text, &len);
    if (bytes == NULL)
        return MHD_NO;
    return answer(connection, MHD_HTTP_OK, type, bytes, len);
}

struct hosts {
    const char *host; /* the last one; NULL: none */
    unsigned count;
    bool malformed; /* a header's name ends in a space: readers differ on what that means */
};

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    struct hosts *hosts = arg;

    (void)kind;
    hosts->malformed |= name[strcspn(name, " \t")] != '\0';
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) != 0)
        return MHD_YES;
    hosts->host = value != NULL ? value : "";
    hosts->count++;
    return MHD_YES;
}

/* The first is reported at once, those that follow with their number. */
static void report(struct admin *a, const char *host)
{
    uint64_t now = rp_loop_now(a->loop);

    a->refused++;
    if (a->o.refused == NULL || (a->refused_ms != 0 && now < a->refused_ms + ADMIN_LOG_MS))
        return;
    a->o.refused(host, a->refused, a->o.arg);
    a->refused = 0;
    a->refused_ms = now + 1; /* never 0 */
}

/* Exactly one (RFC 9112 section 3.2), which is known; HTTP/1.0, which no browser speaks, may do
 * without. 0: good; else the status. */
static unsigned judge_host(struct admin *a, struct MHD_Connection *connection, const char *version)
{
    struct hosts hosts = {.count = 0};
    const struct conf_strings *names = a->o.hosts != NULL ? a->o.hosts(a->o.arg) : NULL;

    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &hosts);
    if (hosts.malformed || hosts.count > 1 ||
        (hosts.count == 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)) {
        a->o.counters->invalid_host++;
        return MHD_HTTP_BAD_REQUEST;
    }
    if (hosts.count == 0 || admin_host_is_right(hosts.host, a->o.address, names))
        return 0;
    a->o.counters->unknown_host++;
    report(a, hosts.host);
    return MHD_HTTP_FORBIDDEN;
}

/* Called when the head of a request is complete. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **context)
{
    struct admin *a = arg;
    unsigned status = judge_host(a, connection, version);

    (void)body, (void)body_len, (void)context;
    if (status != 0)
        return refuse(connection, status,
                      status == MHD_HTTP_FORBIDDEN
                          ? "unknown Host; add it to admin { hosts = ... }\n"
                          : "send exactly one Host header, and no space before a colon\n");
    if (strcmp(method, "GET") != 0) {
        a->o.counters->method++;
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET is supported\n");
    }
    if (strcmp(url, "/metrics") == 0)
        return show(a, connection, ADMIN_METRICS, "text/plain; version=0.0.4; charset=utf-8");
    if (strcmp(url, "/status") == 0)
        return show(a, connection, ADMIN_STATUS, "application/json");
    a->o.counters->path++;
    return refuse(connection, MHD_HTTP_NOT_FOUND, "not found; use /metrics or /status\n");
}

/* -- life */

/* Beside a socket of ours that overlaps, only one that shares the port can be bound. Without one,
 * a socket that doesn't finds out whether another program has the address. */
static int bind_socket(const struct rp_address *address, const char *beside,
                       const struct user *user, struct unix_file *file, struct rp_error *err)
{
    struct rp_listen_options options = {.address = address, .backlog = 64};
    struct rp_address ours;
    int fd;

    if (address->any.sa_family == AF_UNIX)
        return unix_file_listen(user, &options, file, err);
    if (beside == NULL || !rp_address_parse(&ours, beside, true, NULL) ||
        !listeners_overlap(&ours, address)) {
        options.bind_only = true;
        fd = rp_listen_open(&options, err);
        if (fd < 0)
            return fd;
        close(fd);
        options.bind_only = false;
    }
    options.reuse_port = true;
    return rp_listen_open(&options, err);
}

static int open_socket(const char *text, const char *beside, const struct user *user,
                       struct unix_file *file, struct rp_error *err)
{
    struct rp_address address;
    struct rp_error why;
    int fd = -1;

    *file = (struct unix_file){0};
    if (rp_address_parse(&address, text, true, &why))
        fd = bind_socket(&address, beside, user, file, &why);
    if (fd < 0)
        rp_error_set(err, why.code, "admin: listen: %s", why.message);
    return fd;
}

static void remove_file(const char *address, const struct user *user, const struct unix_file *file)
{
    if (strncmp(address, "unix:", 5) == 0)
        unix_file_remove(user, address + 5, file);
}

static bool start(struct admin *a, struct rp_error *err)
{
    const union MHD_DaemonInfo *info;

    a->daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, a, MHD_OPTION_LISTEN_SOCKET, a->fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)PLACES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(ADMIN_LIMIT_MS / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, a, MHD_OPTION_END);
    if (a->daemon == NULL) {
        a->fd = -1; /* it was given away */
        return rp_error_set(err, "ERR_ADMIN", "admin: %s: libmicrohttpd can't start", a->address);
    }
    info = MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    a->epoll = info->epoll_fd;
    rp_io_start(a->loop, &a->io, a->epoll, RP_READABLE);
    return true;
}

struct admin *admin_new(struct rp_loop *loop, const struct admin_options *o, struct rp_error *err)
{
    struct admin *a = calloc(1, sizeof *a);

    if (a == NULL || (a->address = strdup(o->address)) == NULL) {
        free(a);
        rp_error_set(err, "ENOMEM", "admin: no memory");
        return NULL;
    }
    a->loop = loop;
    a->o = *o;
    a->o.address = a->address;
    a->o.beside = NULL;
    if (a->o.limit_ms == 0)
        a->o.limit_ms = ADMIN_LIMIT_MS;
    a->io = (struct rp_io){.fire = on_io, .arg = a};
    a->again = (struct rp_timer){.fire = on_again, .arg = a};
    for (size_t i = 0; i < PLACES; i++)
        a->clients[i] = (struct client){
            .admin = a, .fd = -1, .limit = {.fire = on_limit, .arg = &a->clients[i]}};
    a->fd = user_find(&a->user, o->user, err)
                ? open_socket(a->address, o->beside, &a->user, &a->file, err)
                : -1;
    if (a->fd >= 0 && start(a, err))
        return a;
    admin_free(a);
    return NULL;
}

void admin_free(struct admin *a)
{
    if (a == NULL)
        return;
    rp_io_stop(&a->io);
    if (a->daemon != NULL)
        MHD_stop_daemon(a->daemon); /* closes the socket, and tells of each connection */
    else if (a->fd >= 0)
        close(a->fd);
    rp_timer_stop(&a->again);
    remove_file(a->address, &a->user, &a->file);
    user_clear(&a->user);
    free(a->address);
    free(a);
}

void admin_close_here(struct admin *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < PLACES; i++)
        if (a->clients[i].fd >= 0)
            close(a->clients[i].fd);
    close(a->epoll);
    close(a->fd);
}

const char *admin_address(const struct admin *a)
{
    return a != NULL ? a->address : NULL;
}

/* -- addresses */

bool admin_is_local(const char *address)
{
    struct rp_address a;
    char host[RP_ADDRESS_TEXT];

    if (strncmp(address, "unix:", 5) == 0)
        return true;
    return rp_address_parse(&a, address, true, NULL) &&
           (strncmp(rp_address_host(&a, host), "127.", 4) == 0 || strcmp(host, "::1") == 0);
}

bool admin_check(const char *address, const char *name, bool running, struct rp_error *err)
{
    struct unix_file file;
    struct user user;
    struct rp_error why;
    int fd = -1;

    if (user_find(&user, name, &why) &&
        (fd = open_socket(address, NULL, &user, &file, &why)) >= 0) {
        close(fd);
        remove_file(address, &user, &file);
    }
    user_clear(&user);
    return fd >= 0 || (running && strcmp(why.code, "EADDRINUSE") == 0) ||
           rp_error_set(err, why.code, "%s", why.message);
}
