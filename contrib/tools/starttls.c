/* SPDX-License-Identifier: MIT
 *
 * starttls.c - upgrade a connection to TLS (RFC 3207, 9051, 2595, 6120, 4511, and PostgreSQL's
 * SSLRequest). The danger: plaintext that is later treated as if it had arrived over TLS (command
 * injection). So bytes after an answer and before the next command are an error. */
#include "starttls.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MAX = 16384, /* bytes of one line, element or message */
    TOTAL_MAX = 65536,  /* bytes in total before TLS, against endless greetings */
};

/* Wait for an answer that starts with `wait` (in XML: contains it), then send `say`. wait NULL:
 * send at once. say "": the text is not constant, or nothing is sent. */
struct step {
    const char *wait, *say;
};

struct protocol {
    const char *name;
    const struct step *steps; /* the last step sends nothing */
    /* The length of a complete answer: 0 = incomplete, -1 = refused. *matched: it is the one that
     * `wait` names. */
    long (*look)(const char *answer, size_t len, const char *wait, bool *matched);
};

struct starttls {
    struct rp_stream *stream;
    const struct protocol *protocol;
    const struct step *step;
    starttls_done *done;
    void *arg;
    const char *name;
    size_t len, total;
    char answer[ANSWER_MAX];
};

/* -- parsing answers */

/* Lines: "250-more" and "* untagged" are skipped. */
static long look_at_line(const char *answer, size_t len, const char *wait, bool *matched)
{
    const char *end = memchr(answer, '\n', len);
    size_t want = strlen(wait);

    if (end == NULL)
        return 0;
    *matched = (size_t)(end - answer) >= want && memcmp(answer, wait, want) == 0 &&
               memchr(" \r\n", answer[want], 3) != NULL;
    if (*matched || (wait[0] == 'a' && answer[0] == '*') ||
        (want == 3 && (size_t)(end - answer) > 3 && answer[3] == '-' &&
         memcmp(answer, wait, 3) == 0))
        return end + 1 - answer;
    return -1;
}

static bool contains(const char *bytes, size_t len, const char *word)
{
    return memmem(bytes, len, word, strlen(word)) != NULL;
}

/* XML up to the end of the awaited tag. Stream features without STARTTLS mean a refusal. */
static long look_at_xml(const char *answer, size_t len, const char *wait, bool *matched)
{
    const char *found = memmem(answer, len, wait, strlen(wait)), *end;
    size_t before = found != NULL ? (size_t)(found - answer) : len;

    if (contains(answer, before, "<failure") || contains(answer, before, "</stream:stream>") ||
        contains(answer, before, "<stream:error") || contains(answer, before, "<stream:features/>"))
        return -1;
    if (found == NULL || (end = memchr(found, '>', len - before)) == NULL)
        return 0;
    if (wait[1] == '/' && !contains(answer, before, "<starttls"))
        return -1;
    *matched = true;
    return end + 1 - answer;
}

static long look_at_byte(const char *answer, size_t len, const char *wait, bool *matched)
{
    (void)len;
    *matched = answer[0] == wait[0];
    return *matched ? 1 : -1;
}

/* Enter a BER element: *content is its stated length, short or long form, which may exceed the
 * bytes available. false: incomplete. */
static bool ber_open(const unsigned char **at, const unsigned char *end, size_t *content)
{
    size_t octets = 0;

    if (end - *at < 2)
        return false;
    *content = (*at)[1];
    *at += 2;
    if (*content < 0x80)
        return true;
    octets = *content & 0x7f;
    if (octets > 4)
        return *content = SIZE_MAX, true;
    if ((size_t)(end - *at) < octets)
        return false;
    for (*content = 0; octets > 0; octets--)
        *content = *content << 8 | *(*at)++;
    return true;
}

/* LDAPMessage { messageID 1, [APPLICATION 24] { resultCode success ... } }. */
static long look_at_ber(const char *answer, size_t len, const char *wait, bool *matched)
{
    const unsigned char *at = (const unsigned char *)answer, *end = at + len;
    size_t content;

    (void)wait;
    if (at[0] != 0x30)
        return -1;
    if (!ber_open(&at, end, &content))
        return 0;
    if (content > ANSWER_MAX)
        return -1;
    if (content > (size_t)(end - at))
        return 0;
    end = at + content;
    if (content < 4 || memcmp(at, "\x02\x01\x01\x78", 4) != 0)
        return -1;
    at += 3;
    if (!ber_open(&at, end, &content) || content > (size_t)(end - at) || content < 3 ||
        memcmp(at, "\x0a\x01\x00", 3) != 0)
        return -1;
    *matched = true;
    return end - (const unsigned char *)answer;
}

/* -- protocols */

static const struct step smtp[] = {
    {"220", "EHLO localhost\r\n"}, {"250", "STARTTLS\r\n"}, {"220", NULL}};
static const struct step imap[] = {{"* OK", "a1 STARTTLS\r\n"}, {"a1 OK", NULL}};
static const struct step pop3[] = {{"+OK", "STLS\r\n"}, {"+OK", NULL}};
static const struct step xmpp[] = {
    {NULL, ""},
    {"</stream:features", "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
    {"<proceed", NULL}};
static const struct step postgres[] = {{NULL, ""}, {"S", NULL}};
static const struct step ldap[] = {{NULL, ""}, {"", NULL}};

static const struct protocol protocols[] = {
    {"smtp", smtp, look_at_line},         {"imap", imap, look_at_line},
    {"pop3", pop3, look_at_line},         {"xmpp", xmpp, look_at_xml},
    {"postgres", postgres, look_at_byte}, {"ldap", ldap, look_at_ber},
};

/* -- the dialogue */

static void on_event(const struct rp_event *e, void *arg);

static void finish(struct starttls *t, const struct rp_error *error)
{
    for (enum rp_event_type type = 0; type < RP_EV_COUNT; type++)
        rp_stream_off(t->stream, type, on_event, t);
    rp_stream_pause(t->stream);
    t->done(error, t->arg);
    free(t);
}

static void refuse(struct starttls *t, const char *why)
{
    struct rp_error error;

    rp_error_set(&error, "ERR_STARTTLS", "STARTTLS (%s): %s", t->protocol->name, why);
    finish(t, &error);
}

/* Report the refusal with the server's text, if that is a single line. */
static void refuse_answer(struct starttls *t)
{
    char text[160];
    size_t n = 0;

    while (t->protocol->steps != ldap && n < t->len && n < 100 && t->answer[n] >= ' ' &&
           t->answer[n] <= '~')
        n++;
    if (n > 0)
        snprintf(text, sizeof text, "the server refused: \"%.*s\"", (int)n, t->answer);
    else
        snprintf(text, sizeof text, "the server refused");
    refuse(t, text);
}

/* The name becomes an attribute in single quotes. */
static void open_xml(struct starttls *t)
{
    static const char head[] = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
                               "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='";

    rp_stream_write(t->stream, head, sizeof head - 1);
    for (const char *at = t->name; *at != '\0'; at++) {
        const char *escaped = *at == '\''  ? "&apos;"
                              : *at == '&' ? "&amp;"
                              : *at == '<' ? "&lt;"
                                           : NULL;

        rp_stream_write(t->stream, escaped != NULL ? escaped : at,
                        escaped != NULL ? strlen(escaped) : 1);
    }
    rp_stream_write(t->stream, "'>", 2);
}

static void say(struct starttls *t)
{
    static const char ssl_request[] = "\0\0\0\x08\x04\xd2\x16\x2f";
    static const char extended_request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                                           "1.3.6.1.4.1.1466.20037";

    if (t->step->say[0] != '\0')
        rp_stream_write(t->stream, t->step->say, strlen(t->step->say));
    else if (t->protocol->steps == xmpp)
        open_xml(t);
    else if (t->protocol->steps == postgres)
        rp_stream_write(t->stream, ssl_request, sizeof ssl_request - 1);
    else
        rp_stream_write(t->stream, extended_request, sizeof extended_request - 1);
    t->step++;
}

/* White space is allowed between XML elements. */
static void skip_space(struct starttls *t)
{
    size_t n = 0;

    while (n < t->len && memchr(" \t\r\n", t->answer[n], 4) != NULL)
        n++;
    t->len -= n;
    memmove(t->answer, t->answer + n, t->len);
}

/* Bytes that arrived before the command was sent cannot be its answer. */
static bool is_too_much(struct starttls *t)
{
    if (t->protocol->steps == xmpp && t->step->say != NULL)
        skip_space(t);
    return t->len > 0;
}

static void look(struct starttls *t)
{
    while (t->len > 0) {
        bool matched = false;
        long taken = t->protocol->look(t->answer, t->len, t->step->wait, &matched);

        if (taken < 0) {
            refuse_answer(t);
            return;
        }
        if (taken == 0)
            return;
        t->len -= (size_t)taken;
        memmove(t->answer, t->answer + taken, t->len);
        if (!matched)
            continue;
        if (is_too_much(t)) {
            refuse(t, "the server sent unexpected plain text after its answer");
            return;
        }
        if (t->step->say == NULL) {
            finish(t, NULL);
            return;
        }
        say(t);
    }
}

static void on_event(const struct rp_event *e, void *arg)
{
    struct starttls *t = arg;

    if (e->type == RP_EV_ERROR) {
        finish(t, e->error.error);
    } else if (e->type == RP_EV_END || e->type == RP_EV_CLOSE) {
        refuse(t, "the server ended the connection");
    } else if (e->type == RP_EV_DATA) {
        t->total += e->data.len;
        if (e->data.len > sizeof t->answer - t->len || t->total > TOTAL_MAX) {
            refuse(t, "the server's answer is too long");
            return;
        }
        memcpy(t->answer + t->len, e->data.bytes, e->data.len);
        t->len += e->data.len;
        look(t);
    }
}

static const struct protocol *find(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(protocols[i].name, name) == 0)
            return &protocols[i];
    return NULL;
}

bool starttls_knows(const char *protocol)
{
    return find(protocol) != NULL;
}

struct starttls *starttls_begin(struct rp_stream *stream, const char *protocol, const char *name,
                                starttls_done *done, void *arg)
{
    struct starttls *t = calloc(1, sizeof *t);
    rp_event_set events = RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_END) |
                          RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_CLOSE);

    if (t == NULL || (t->protocol = find(protocol)) == NULL ||
        !rp_stream_listen(stream, events, on_event, t)) {
        free(t);
        return NULL;
    }
    t->stream = stream;
    t->step = t->protocol->steps;
    t->name = name;
    t->done = done;
    t->arg = arg;
    if (t->step->wait == NULL)
        say(t);
    return t;
}
