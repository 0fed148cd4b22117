/* SPDX-License-Identifier: MIT
 *
 * client.c - what reprise-load does not do for the benchmarks: large bodies, up as well as down,
 * and connections that are opened and then do nothing. Several processes, blocking sockets, plain
 * OpenSSL; nothing is verified. A connection that is held keeps no TLS state here, so fifty
 * thousand cost the client nothing but descriptors. Danger: whatever fails ends the whole with exit
 * 1, so that no figure comes of half a load. usage: client up|down BYTES COUNT PROCESSES PORT SUITE
 *        client hold COUNT PROCESSES PORT SUITE    (says "held", stays until its input ends)
 * SUITE, of TLS 1.3, is the only one that is offered. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, PROCESSES_MAX = 64 };

static SSL_CTX *context;
static char bytes[CHUNK];

static void need(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

/* Each process comes from an address of its own: it has its own ports. */
static int connect_tcp(unsigned port, unsigned process)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 * (1 + process))};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    need(fd >= 0, "client: socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    need(bind(fd, (struct sockaddr *)&from, sizeof from) == 0, "client: bind");
    need(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "client: connect");
    return fd;
}

static SSL *connect_tls(unsigned port, unsigned process)
{
    SSL *ssl = SSL_new(context);

    need(ssl != NULL && SSL_set_fd(ssl, connect_tcp(port, process)) == 1, "client: SSL");
    need(SSL_connect(ssl) == 1, "client: handshake");
    return ssl;
}

static void send_all(SSL *ssl, const char *from, unsigned long long count)
{
    size_t sent;

    for (; count > 0; count -= sent)
        need(SSL_write_ex(ssl, from, count < CHUNK ? (size_t)count : CHUNK, &sent), "client: send");
}

/* Read an answer whose body has so many bytes. */
static void receive_all(SSL *ssl, unsigned long long body)
{
    size_t len = 0, got = 0;
    const char *end = NULL;

    while (end == NULL) {
        need(len < CHUNK - 1 && SSL_read_ex(ssl, bytes + len, CHUNK - 1 - len, &got),
             "client: answer");
        len += got;
        bytes[len] = '\0';
        end = strstr(bytes, "\r\n\r\n");
    }
    need(memcmp(bytes, "HTTP/1.1 200", 12) == 0, "client: status");
    for (body -= len - (size_t)(end + 4 - bytes); body > 0; body -= got)
        need(SSL_read_ex(ssl, bytes, CHUNK, &got) && got <= body, "client: body");
}

static void transfer(unsigned port, unsigned process, int up, unsigned long long size)
{
    SSL *ssl = connect_tls(port, process);
    char head[128];

    if (up)
        snprintf(head, sizeof head, "POST /0 HTTP/1.1\r\nContent-Length: %llu\r\n\r\n", size);
    else
        snprintf(head, sizeof head, "GET /%llu HTTP/1.1\r\n\r\n", size);
    send_all(ssl, head, strlen(head));
    if (up)
        send_all(ssl, bytes, size);
    receive_all(ssl, up ? 0 : size);
    SSL_shutdown(ssl);
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
}

static void hold(unsigned port, unsigned process)
{
    SSL *ssl = connect_tls(port, process);
    static const char request[] = "GET /100 HTTP/1.1\r\n\r\n";

    send_all(ssl, request, sizeof request - 1);
    receive_all(ssl, 100);
    SSL_free(ssl); /* its descriptor stays open */
}

/* In so many processes; each does its share, tells by a byte, and stays if it has to hold. */
static void in_processes(unsigned long processes, char **argv, unsigned long count, int told)
{
    pid_t first = getpid();
    int holding = strcmp(argv[1], "hold") == 0;
    unsigned port = (unsigned)strtoul(argv[holding ? 4 : 5], NULL, 10);

    for (unsigned process = 0; process < processes; process++) {
        if (fork() != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != first)
            exit(1);
        for (unsigned long i = process; i < count; i += processes) {
            if (holding)
                hold(port, process);
            else
                transfer(port, process, argv[1][0] == 'u', strtoull(argv[2], NULL, 10));
        }
        need(write(told, "", 1) == 1, "client: tell");
        while (holding)
            pause();
        exit(0);
    }
}

int main(int argc, char **argv)
{
    int holding = argc == 6 && strcmp(argv[1], "hold") == 0, told[2];
    unsigned long count, processes;
    char byte;

    if (!holding && !(argc == 7 && (strcmp(argv[1], "up") == 0 || strcmp(argv[1], "down") == 0))) {
        fprintf(stderr, "usage: client up|down BYTES COUNT PROCESSES PORT SUITE\n"
                        "       client hold COUNT PROCESSES PORT SUITE\n");
        return 2;
    }
    count = strtoul(argv[holding ? 2 : 3], NULL, 10);
    processes = strtoul(argv[holding ? 3 : 4], NULL, 10);
    context = SSL_CTX_new(TLS_client_method());
    need(context != NULL && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
             SSL_CTX_set_ciphersuites(context, argv[argc - 1]) == 1 && processes > 0 &&
             processes <= PROCESSES_MAX && pipe(told) == 0,
         "client");
    memset(bytes, 'x', sizeof bytes);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    in_processes(processes, argv, count, told[1]);
    close(told[1]);
    for (unsigned long i = 0; i < processes; i++)
        need(read(told[0], &byte, 1) == 1, "client: one of the processes failed");
    if (holding) {
        puts("held");
        fflush(stdout);
        while (read(0, &byte, 1) > 0)
            ;
    }
    return 0; /* those that hold end with this one */
}
