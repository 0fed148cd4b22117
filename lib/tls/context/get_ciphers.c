/* SPDX-License-Identifier: MIT
 *
 * get_ciphers.c - node's getCiphers (A6). OpenSSL lists the older suites. The five suites of TLS
 * 1.3 are listed here, since OpenSSL lists only those that are enabled by default. */
#include <reprise/tls.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

static const char *const tls13[] = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                                    "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_8_SHA256",
                                    "TLS_AES_128_CCM_SHA256"};
enum { TLS13 = sizeof tls13 / sizeof *tls13 };

static const char *name_of(const STACK_OF(SSL_CIPHER) * suites, size_t i)
{
    return i < TLS13 ? tls13[i]
                     : SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, (int)(i - TLS13)));
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sort the names, remove duplicates, terminate the list with NULL. */
static void tidy(const char **names, size_t count)
{
    size_t kept = 0;

    qsort(names, count, sizeof *names, compare);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
            names[kept++] = names[i];
    names[kept] = NULL;
}

/* Copy the list into one block: the pointers, then the texts. */
static const char **lower_case_names(const STACK_OF(SSL_CIPHER) * suites)
{
    size_t count = TLS13 + (size_t)sk_SSL_CIPHER_num(suites), size = 0;
    const char **names;
    char *to;

    for (size_t i = 0; i < count; i++)
        size += strlen(name_of(suites, i)) + 1;
    names = malloc((count + 1) * sizeof *names + size);
    if (!names)
        return NULL;
    to = (char *)(names + count + 1);
    for (size_t i = 0; i < count; i++) {
        names[i] = to;
        for (const char *from = name_of(suites, i); *from; from++)
            *to++ = (char)tolower((unsigned char)*from);
        *to++ = '\0';
    }
    tidy(names, count);
    return names;
}

const char **rp_get_ciphers(void)
{
    SSL_CTX *ctx;
    SSL *ssl;
    const char **names = NULL;

    ERR_set_mark();
    ctx = SSL_CTX_new(TLS_method());
    ssl = ctx ? SSL_new(ctx) : NULL;
    if (ssl)
        names = lower_case_names(SSL_get_ciphers(ssl));
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    ERR_pop_to_mark();
    return names;
}
