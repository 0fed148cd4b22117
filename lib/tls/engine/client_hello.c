/* SPDX-License-Identifier: MIT
 *
 * client_hello.c - read SNI, ALPN, tickets, PSK identities and ticket counts from a ClientHello.
 * The input is untrusted. OpenSSL has parsed the framing and refused duplicates, so each
 * extension's body is complete: a short one is malformed. This parser makes no decision and sends
 * no alert. Uses lib/base/cursor.h. */
#include "lib/tls/engine/client_hello.h"

#include <string.h>

#include "lib/tls/context/compat.h"

enum { HOST_NAME = 0, NAME_MAX_LEN = 255 };

/* RFC 6066 section 3; exactly one name of one type, as in OpenSSL. */
static bool take_servername(struct rp_client_hello *h, struct rp_cursor body)
{
    struct rp_cursor list = rp_cursor_vector(&body, 2);
    uint64_t type = rp_cursor_uint(&list, 1);
    struct rp_cursor name = rp_cursor_vector(&list, 2);
    size_t len = rp_cursor_left(&name);

    if (type != HOST_NAME || !rp_cursor_done(&list) || !rp_cursor_done(&body) || len == 0 ||
        len > NAME_MAX_LEN || memchr(name.at, 0, len) != NULL)
        return false;
    h->servername = name;
    return true;
}

/* RFC 7301 section 3.1: names of 1 to 255 bytes. */
static bool take_alpn(struct rp_client_hello *h, struct rp_cursor body)
{
    struct rp_cursor list = rp_cursor_vector(&body, 2), rest = list;

    if (!rp_cursor_done(&body) || rp_cursor_left(&list) == 0)
        return false;
    while (rp_cursor_left(&rest) > 0) {
        struct rp_cursor name = rp_cursor_vector(&rest, 1);

        if (rest.bad || rp_cursor_left(&name) == 0)
            return false;
    }
    h->alpn = list;
    return true;
}

/* RFC 8446 section 4.2.1. */
static bool take_versions(struct rp_client_hello *h, struct rp_cursor body)
{
    struct rp_cursor list = rp_cursor_vector(&body, 1);
    bool found = false;

    if (!rp_cursor_done(&body))
        return false;
    while (rp_cursor_left(&list) > 0)
        found |= rp_cursor_uint(&list, 2) == TLS1_3_VERSION;
    if (list.bad)
        return false;
    h->offers_tls13 = found;
    return true;
}

/* RFC 8446 section 4.2.11; OpenSSL verifies the binders. */
static bool take_identities(struct rp_client_hello *h, struct rp_cursor body)
{
    struct rp_cursor list = rp_cursor_vector(&body, 2), rest = list, identity;
    struct rp_cursor binders = rp_cursor_vector(&body, 2);

    if (!rp_cursor_done(&body) || rp_cursor_left(&list) == 0)
        return false;
    while (rp_cursor_left(&rest) > 0)
        if (!rp_hello_next_identity(&rest, &identity))
            return false;
    h->identities = list;
    h->binder = rp_cursor_vector(&binders, 1);
    return true;
}

/* RFC 9149 section 3. */
static bool take_ticket_request(struct rp_client_hello *h, struct rp_cursor body)
{
    uint8_t fresh = (uint8_t)rp_cursor_uint(&body, 1), resumed = (uint8_t)rp_cursor_uint(&body, 1);

    if (!rp_cursor_done(&body))
        return false;
    h->asks_ticket_count = true;
    h->new_tickets = fresh;
    h->resumed_tickets = resumed;
    return true;
}

bool rp_client_hello_take(struct rp_client_hello *h, unsigned type, struct rp_cursor body)
{
    switch (type) {
    case TLSEXT_TYPE_server_name:
        return take_servername(h, body);
    case TLSEXT_TYPE_application_layer_protocol_negotiation:
        return take_alpn(h, body);
    case TLSEXT_TYPE_supported_versions:
        return take_versions(h, body);
    case TLSEXT_TYPE_psk:
        return take_identities(h, body);
    case TLSEXT_TYPE_session_ticket:
        h->offers_tickets = true;
        h->ticket = body;
        return true;
    case TLSEXT_TYPE_early_data:
        h->offers_early_data = rp_cursor_done(&body);
        return h->offers_early_data;
    case TLSEXT_TYPE_status_request:
        h->asks_staple = rp_cursor_uint(&body, 1) == TLSEXT_STATUSTYPE_ocsp;
        return h->asks_staple;
    case RP_EXT_TICKET_REQUEST:
        return take_ticket_request(h, body);
    default:
        return true;
    }
}

void rp_client_hello_read(struct rp_client_hello *h, SSL *ssl)
{
    static const unsigned types[] = {
        TLSEXT_TYPE_server_name,        TLSEXT_TYPE_application_layer_protocol_negotiation,
        TLSEXT_TYPE_supported_versions, TLSEXT_TYPE_psk,
        TLSEXT_TYPE_session_ticket,     TLSEXT_TYPE_early_data,
        TLSEXT_TYPE_status_request,     RP_EXT_TICKET_REQUEST,
    };
    const unsigned char *bytes = NULL;
    size_t len;

    *h = (struct rp_client_hello){0};
    len = SSL_client_hello_get0_session_id(ssl, &bytes);
    h->session_id = rp_cursor_of(bytes, len);
    len = SSL_client_hello_get0_ciphers(ssl, &bytes);
    h->ciphers = rp_cursor_of(bytes, len);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (SSL_client_hello_get0_ext(ssl, types[i], &bytes, &len) == 1)
            rp_client_hello_take(h, types[i], rp_cursor_of(bytes, len));
}

bool rp_hello_next_identity(struct rp_cursor *identities, struct rp_cursor *identity)
{
    if (rp_cursor_left(identities) == 0)
        return false;
    *identity = rp_cursor_vector(identities, 2);
    rp_cursor_uint(identities, 4); /* obfuscated_ticket_age */
    return !identities->bad && rp_cursor_left(identity) > 0;
}

bool rp_hello_next_protocol(struct rp_cursor *alpn, struct rp_cursor *name)
{
    if (rp_cursor_left(alpn) == 0)
        return false;
    *name = rp_cursor_vector(alpn, 1);
    return !alpn->bad && rp_cursor_left(name) > 0;
}

struct rp_cursor rp_client_hello_servername(SSL *ssl)
{
    struct rp_client_hello hello = {0};
    const unsigned char *bytes;
    size_t len;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len) == 1)
        take_servername(&hello, rp_cursor_of(bytes, len));
    return hello.servername;
}
