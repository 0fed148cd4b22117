/* SPDX-License-Identifier: MIT
 *
 * session_bond.c - what a client's session is bound to; see session_bond.h. The danger: a resumed
 * session skips the verification of the certificate. A session whose bond cannot be read is not
 * bound to anything, and is not offered. */
#include "lib/tls/engine/session_bond.h"
#include "lib/base/cursor.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/tls/engine/session.h"

/* Format: a kind, `until`, the digest of the trust, and verdict and name with their lengths. The
 * server's stamp (session.c) is shorter than either kind. */
enum { OURS = 1, NODES = 2 };
enum { UNTIL_SIZE = 8, VERDICT_WIDTH = 1, NAME_WIDTH = 2, NAME_MAX_LEN = 0xffff };

static void add_uint(struct rp_text *t, uint64_t value, unsigned width)
{
    uint8_t bytes[8];

    rp_store_uint(bytes, value, width);
    rp_text_add(t, bytes, width);
}

static void add_vector(struct rp_text *t, struct rp_cursor bytes, unsigned width)
{
    add_uint(t, rp_cursor_left(&bytes), width);
    rp_text_add(t, bytes.at, rp_cursor_left(&bytes));
}

static void unbind(SSL_SESSION *session)
{
    SSL_SESSION_set1_ticket_appdata(session, "", 0);
}

bool rp_session_bind(SSL_SESSION *session, const struct rp_session_bond *bond)
{
    struct rp_text t = {0};
    bool ok = rp_cursor_left(&bond->verdict) <= RP_VERDICT_MAX &&
              rp_cursor_left(&bond->name) <= NAME_MAX_LEN;

    if (ok) {
        add_uint(&t, bond->trust != NULL ? OURS : NODES, 1);
        add_uint(&t, bond->until, UNTIL_SIZE);
        rp_text_add(&t, bond->trust, bond->trust != NULL ? RP_TRUST_SIZE : 0);
        add_vector(&t, bond->verdict, VERDICT_WIDTH);
        add_vector(&t, bond->name, NAME_WIDTH);
        ok = !t.failed && SSL_SESSION_set1_ticket_appdata(session, t.bytes, t.len) == 1;
    }
    if (!ok)
        unbind(session);
    rp_text_clear(&t);
    return ok;
}

bool rp_session_read_bond(SSL_SESSION *session, struct rp_session_bond *bond)
{
    struct rp_cursor c, trust;
    void *bytes = NULL;
    size_t len = 0;
    uint64_t kind;

    if (SSL_SESSION_get0_ticket_appdata(session, &bytes, &len) != 1 || len == 0)
        return false;
    c = rp_cursor_of(bytes, len);
    kind = rp_cursor_uint(&c, 1);
    bond->until = rp_cursor_uint(&c, UNTIL_SIZE);
    trust = rp_cursor_take(&c, kind == OURS ? RP_TRUST_SIZE : 0);
    bond->trust = kind == OURS ? trust.at : NULL;
    bond->verdict = rp_cursor_vector(&c, VERDICT_WIDTH);
    bond->name = rp_cursor_vector(&c, NAME_WIDTH);
    return rp_cursor_done(&c) && (kind == OURS || kind == NODES);
}

/* -- sessions from outside */

/* The name in node's header. A session that is already bound to another name becomes unbound. */
static bool note_name(SSL_SESSION *session, struct rp_cursor name)
{
    struct rp_session_bond bond;
    size_t len = rp_cursor_left(&name);

    if (!rp_session_read_bond(session, &bond))
        return rp_session_bind(session,
                               &(struct rp_session_bond){.name = name, .until = UINT64_MAX});
    if (rp_cursor_left(&bond.name) != len || memcmp(bond.name.at, name.at, len) != 0)
        unbind(session);
    return true;
}

SSL_SESSION *rp_session_import(const uint8_t *bytes, size_t len)
{
    static const char mark[] = "\0nodejs:tls:session:1"; /* including its last NUL */
    struct rp_cursor c = rp_cursor_of(bytes, len), name;
    SSL_SESSION *session;

    if (len < sizeof mark || memcmp(bytes, mark, sizeof mark) != 0)
        return rp_session_decode(bytes, len);
    rp_cursor_take(&c, sizeof mark);
    name = rp_cursor_vector(&c, NAME_WIDTH);
    session = c.bad ? NULL : rp_session_decode(c.at, rp_cursor_left(&c));
    if (session == NULL || note_name(session, name))
        return session;
    SSL_SESSION_free(session);
    return NULL;
}
