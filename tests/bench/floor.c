/* SPDX-License-Identifier: MIT
 *
 * floor.c - what a handshake costs in memory over this machine's OpenSSL, with nothing around it:
 * the floor under every server. Client and server run in one process over memory BIOs; only the
 * server's calls are timed. usage: floor [seconds for each row] */
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind { FULL13, FULL12, RSA13, RESUMED13, TICKET12, ID12 };
static const char *const names[] = {"full TLS 1.3 P-256",     "full TLS 1.2 P-256",
                                    "full TLS 1.3 RSA-2048",  "resumed TLS 1.3 ticket",
                                    "resumed TLS 1.2 ticket", "resumed TLS 1.2 id"};

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void need(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "floor: %s failed\n", what);
    exit(1);
}

static void use_certificate(SSL_CTX *ctx, int rsa)
{
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *cert = X509_new();

    need(key != NULL && cert != NULL, "key");
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_set_pubkey(cert, key);
    need(X509_sign(cert, key, EVP_sha256()) > 0, "sign");
    need(SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1, "use");
    X509_free(cert);
    EVP_PKEY_free(key);
}

static SSL_SESSION *kept;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

/* One connection; returns the CPU seconds of the server's side. */
static double one(SSL_CTX *server_ctx, SSL_CTX *client_ctx, SSL_SESSION *offer, int *reused)
{
    BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
    SSL *client = SSL_new(client_ctx), *server;
    double spent = 0, t;
    char byte;

    BIO_set_mem_eof_return(a, -1);
    BIO_set_mem_eof_return(b, -1);
    SSL_set_connect_state(client);
    BIO_up_ref(a);
    BIO_up_ref(b);
    SSL_set_bio(client, a, b);
    if (offer != NULL)
        SSL_set_session(client, offer);
    t = cpu_now();
    server = SSL_new(server_ctx);
    SSL_set_accept_state(server);
    SSL_set_bio(server, b, a);
    spent += cpu_now() - t;
    for (int i = 0; i < 6 && !(SSL_is_init_finished(client) && SSL_is_init_finished(server)); i++) {
        SSL_do_handshake(client);
        t = cpu_now();
        SSL_do_handshake(server);
        spent += cpu_now() - t;
    }
    need(SSL_is_init_finished(server), "handshake");
    SSL_write(client, "x", 1);
    t = cpu_now();
    SSL_read(server, &byte, 1);
    SSL_write(server, "y", 1);
    spent += cpu_now() - t;
    SSL_read(client, &byte, 1);
    *reused = SSL_session_reused(server);
    SSL_shutdown(client);
    SSL_free(client);
    /* or OpenSSL takes the session for a bad one and forgets it */
    SSL_set_shutdown(server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    t = cpu_now();
    SSL_free(server);
    return spent + cpu_now() - t;
}

static void row(enum kind kind, double seconds)
{
    int version =
        kind == FULL13 || kind == RSA13 || kind == RESUMED13 ? TLS1_3_VERSION : TLS1_2_VERSION;
    int resume = kind >= RESUMED13, reused = 0;
    SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
    double spent = 0, began = cpu_now();
    unsigned long count = 0;

    use_certificate(server, kind == RSA13);
    SSL_CTX_set_num_tickets(server, 1);
    SSL_CTX_set_min_proto_version(client, version);
    SSL_CTX_set_max_proto_version(client, version);
    SSL_CTX_set_session_cache_mode(client,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(client, keep_session);
    if (kind == ID12)
        SSL_CTX_set_options(client, SSL_OP_NO_TICKET);
    one(server, client, NULL, &reused);
    while (cpu_now() - began < seconds) {
        SSL_SESSION *offer = resume ? kept : NULL;

        if (offer != NULL)
            SSL_SESSION_up_ref(offer);
        spent += one(server, client, offer, &reused);
        SSL_SESSION_free(offer);
        need(reused == resume, "resumption as wanted");
        count++;
    }
    printf("%-24s %8.1f us of server CPU a connection\n", names[kind], 1e6 * spent / (double)count);
    SSL_SESSION_free(kept);
    kept = NULL;
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    for (int kind = FULL13; kind <= ID12; kind++)
        row((enum kind)kind, seconds);
    return 0;
}
