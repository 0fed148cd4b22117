/* SPDX-License-Identifier: MIT
 *
 * identity.c - checkServerIdentity with node's rules and messages (section F), which are stricter
 * than OpenSSL's: the CN is ignored if there is a DNS name, and a wildcard is allowed only in the
 * first of three labels or more. The danger: the certificate's author chose the names. A quoted
 * name may contain separators and NULs (CVE-2021-44532), so names have a length, and a malformed
 * list refuses the whole certificate. */
#include "lib/x509/identity.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/args.h"
#include "lib/base/text.h"
#include <reprise/socket.h>
#include <reprise/x509.h>

/* -- comparing two names */

static struct rp_identity_name unfqdn(struct rp_identity_name n)
{
    if (n.len > 0 && n.bytes[n.len - 1] == '.')
        n.len--;
    return n;
}

static size_t count_labels(struct rp_identity_name n)
{
    size_t labels = 1;

    for (size_t i = 0; i < n.len; i++)
        labels += n.bytes[i] == '.';
    return labels;
}

/* Remove the first label and return it. */
static struct rp_identity_name next_label(struct rp_identity_name *n)
{
    const char *dot = n->len > 0 ? memchr(n->bytes, '.', n->len) : NULL;
    struct rp_identity_name label = {n->bytes, dot != NULL ? (size_t)(dot - n->bytes) : n->len};

    n->bytes += label.len + (dot != NULL);
    n->len -= label.len + (dot != NULL);
    return label;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(struct rp_identity_name a, struct rp_identity_name b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.bytes[i]) != lower(b.bytes[i]))
            return false;
    return true;
}

/* Every label of a pattern must be non-empty and consist of visible ASCII characters. */
static bool well_formed(struct rp_identity_name pattern)
{
    size_t labels = count_labels(pattern);

    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.bytes[i] < 0x21)
            return false; /* bytes above ASCII are negative */
    while (labels-- > 0)
        if (next_label(&pattern).len == 0)
            return false;
    return true;
}

static bool has_punycode(struct rp_identity_name label)
{
    for (size_t i = 0; i + 4 <= label.len; i++)
        if (same((struct rp_identity_name){label.bytes + i, 4},
                 (struct rp_identity_name){"xn--", 4}))
            return true;
    return false;
}

/* U+3002, U+FF0E and U+FF61 in UTF-8: a resolver may treat them as dots. Then one label is several,
 * but a wildcard may match one label only (CVE-2026-48618). */
static bool has_foreign_dot(struct rp_identity_name host)
{
    static const char *const dots[] = {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"};

    for (size_t i = 0; i < sizeof dots / sizeof *dots; i++)
        if (host.len > 0 && memmem(host.bytes, host.len, dots[i], 3) != NULL)
            return true;
    return false;
}

static bool first_label_matches(struct rp_identity_name host, struct rp_identity_name pattern,
                                size_t labels)
{
    const char *star = memchr(pattern.bytes, '*', pattern.len);
    struct rp_identity_name prefix, suffix;

    if (star == NULL || has_punycode(pattern))
        return same(host, pattern);
    prefix = (struct rp_identity_name){pattern.bytes, (size_t)(star - pattern.bytes)};
    suffix = (struct rp_identity_name){star + 1, pattern.len - prefix.len - 1};
    if (memchr(suffix.bytes, '*', suffix.len) != NULL || labels <= 2 ||
        prefix.len + suffix.len > host.len || has_foreign_dot(host))
        return false;
    return same((struct rp_identity_name){host.bytes, prefix.len}, prefix) &&
           same((struct rp_identity_name){host.bytes + host.len - suffix.len, suffix.len}, suffix);
}

/* Compare a host with a pattern by node's rules (F6). */
static bool matches(struct rp_identity_name host, struct rp_identity_name pattern)
{
    size_t labels;
    struct rp_identity_name first_host, first_pattern;

    if (pattern.len == 0)
        return false;
    host = unfqdn(host);
    pattern = unfqdn(pattern);
    labels = count_labels(pattern);
    if (count_labels(host) != labels || !well_formed(pattern))
        return false;
    first_host = next_label(&host);
    first_pattern = next_label(&pattern);
    return same(host, pattern) && first_label_matches(first_host, first_pattern, labels);
}

/* -- IP addresses */

/* Remove the zone of an IPv6 address ("fe80::1%eth0"): it selects an interface and is not part of
 * the address. A malformed zone is kept, which makes the address invalid. */
static struct rp_identity_name without_zone(struct rp_identity_name n)
{
    static const char zone[] = "-.:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *percent = n.len > 0 ? memchr(n.bytes, '%', n.len) : NULL;
    size_t at = percent != NULL ? (size_t)(percent - n.bytes) : n.len;

    if (at + 1 >= n.len || memchr(n.bytes, ':', at) == NULL)
        return n;
    for (size_t i = at + 1; i < n.len; i++)
        if (n.bytes[i] == '\0' || strchr(zone, n.bytes[i]) == NULL)
            return n;
    n.len = at;
    return n;
}

/* node's canonicalizeIP; false: the text is not an IP address. */
static bool canonical_ip(struct rp_identity_name n, char out[INET6_ADDRSTRLEN])
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    int family;

    n = without_zone(n);
    if (n.len >= sizeof text || memchr(n.bytes, 0, n.len) != NULL)
        return false;
    memcpy(text, n.bytes, n.len);
    text[n.len] = '\0';
    family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    return inet_pton(family, text, &address) == 1 &&
           inet_ntop(family, &address, out, INET6_ADDRSTRLEN) != NULL;
}

/* -- the list of names (F2) */

/* Read a JSON string that begins at *at with its quote. Any character beyond ASCII becomes 0x80,
 * which matches no name. false: malformed. */
static bool take_json_string(const char **at, struct rp_text *out)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    const char *p = *at + 1;

    for (; *p != '"'; p++) {
        char c = *p;

        if ((unsigned char)c < 0x20)
            return false; /* this includes the terminating NUL */
        if (c == '\\') {
            const char *escape = *++p != '\0' ? strchr(escapes, *p) : NULL;

            if (*p == 'u') {
                unsigned value = 0;

                for (int i = 0; i < 4; i++) {
                    const char digit[] = {*++p, '\0'};

                    if (!isxdigit((unsigned char)*digit))
                        return false;
                    value = value << 4 | (unsigned)strtoul(digit, NULL, 16);
                }
                c = (char)(value < 0x80 ? value : 0x80);
            } else if (escape != NULL && (escape - escapes) % 2 == 0) {
                c = escape[1];
            } else {
                return false;
            }
        }
        rp_text_add(out, &c, 1);
    }
    *at = p + 1;
    return true;
}

/* Read the next item into `out`; *at becomes NULL after the last. false: malformed. */
static bool next_item(const char **at, bool quoted, struct rp_text *out)
{
    const char *p = *at;

    out->len = 0;
    while (*p != '\0') {
        if (quoted && *p == '"') {
            if (!take_json_string(&p, out))
                return false;
        } else if (*p == ',' && (quoted || p[1] == ' ')) {
            *at = p[1] != '\0' ? p + 2 : p + 1;
            return true;
        } else {
            rp_text_add(out, p++, 1);
        }
    }
    *at = NULL;
    return true;
}

struct search {
    struct rp_identity_name host;
    const char *ip; /* the host in canonical form; NULL: it is a name */
    bool found, any_dns;
    struct rp_text ips; /* in the form in which node lists them */
    bool any_ip;
};

static bool has_prefix(const struct rp_text *item, const char *prefix,
                       struct rp_identity_name *rest)
{
    size_t len = strlen(prefix);

    if (item->len < len || memcmp(item->bytes, prefix, len) != 0)
        return false;
    *rest = (struct rp_identity_name){item->bytes + len, item->len - len};
    return true;
}

static void look_at(struct search *s, const struct rp_text *item)
{
    struct rp_identity_name name;
    char ip[INET6_ADDRSTRLEN] = "";

    if (has_prefix(item, "DNS:", &name)) {
        s->any_dns = true;
        s->found |= s->ip == NULL && matches(s->host, name);
    } else if (has_prefix(item, "IP Address:", &name)) {
        bool valid = canonical_ip(name, ip);

        s->found |= s->ip != NULL && valid && strcmp(s->ip, ip) == 0;
        rp_text_printf(&s->ips, "%s%s", s->any_ip ? ", " : "", ip);
        s->any_ip = true;
    }
}

static bool look_at_all(struct search *s, const char *alt_names)
{
    struct rp_text item = {0};
    bool quoted = alt_names != NULL && strchr(alt_names, '"') != NULL, ok = true;

    for (const char *at = alt_names != NULL && *alt_names != '\0' ? alt_names : NULL;
         ok && at != NULL;) {
        ok = next_item(&at, quoted, &item) && !item.failed;
        if (ok)
            look_at(s, &item);
    }
    rp_text_clear(&item);
    return ok;
}

/* -- the result */

static bool refuse(struct rp_error *err, struct rp_text *reason)
{
    char *text = rp_text_take(reason, NULL);

    rp_error_set(err, "ERR_TLS_CERT_ALTNAME_INVALID",
                 "Hostname/IP does not match certificate's altnames: %s",
                 text != NULL ? text : "no memory for the reason");
    rp_error_reason(err, text != NULL ? text : "");
    free(text);
    return false;
}

/* Unlike alternative names, a CN may contain control characters; so the text is made printable. */
static bool any_cn_matches(struct rp_identity_name host, const struct rp_identity *id,
                           struct rp_text *reason)
{
    struct rp_text list = {0};
    bool found = false;

    for (size_t i = 0; i < id->cn_count; i++) {
        found |= matches(host, id->cn[i]);
        rp_text_puts(&list, i > 0 ? "," : "");
        rp_text_add(&list, id->cn[i].bytes, id->cn[i].len);
    }
    rp_text_tame(&list);
    rp_text_add(reason, list.bytes, list.len);
    rp_text_clear(&list);
    return found;
}

bool rp_identity_check(const char *hostname, const struct rp_identity *id, struct rp_error *err)
{
    struct search s = {.host = unfqdn((struct rp_identity_name){hostname, strlen(hostname)})};
    int host_len = (int)(s.host.len < 1024 ? s.host.len : 1024);
    char ip[INET6_ADDRSTRLEN];
    struct rp_text reason = {0};
    bool has_cn = id->cn_count > 1 || (id->cn_count == 1 && id->cn[0].len > 0);

    s.ip = canonical_ip(s.host, ip) ? ip : NULL;
    if (!look_at_all(&s, id->alt_names)) {
        rp_text_clear(&s.ips);
        return rp_error_set(err, "ERR_TLS_CERT_ALTNAME_FORMAT",
                            "Invalid subject alternative name string");
    }
    if (s.ip != NULL) {
        rp_text_printf(&reason, "IP: %.*s is not in the cert's list: ", host_len, s.host.bytes);
        rp_text_add(&reason, s.ips.len > 0 ? s.ips.bytes : "", s.ips.len);
    } else if (s.any_dns) {
        rp_text_printf(&reason, "Host: %.*s. is not in the cert's altnames: %s", host_len,
                       s.host.bytes, id->alt_names);
    } else if (has_cn) {
        rp_text_printf(&reason, "Host: %.*s. is not cert's CN: ", host_len, s.host.bytes);
        s.found = any_cn_matches(s.host, id, &reason);
    } else {
        rp_text_puts(&reason, "Cert does not contain a DNS name");
    }
    rp_text_clear(&s.ips);
    if (!s.found)
        return refuse(err, &reason);
    rp_text_clear(&reason);
    return true;
}

bool rp_check_server_identity(const char *hostname, const struct rp_x509 *cert,
                              struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(hostname, "hostname", err) || !rp_given(cert, "certificate", err))
        return false;
    size_t count, cn_count = 0;
    const struct rp_x509_attribute *subject = rp_x509_subject_attributes(cert, &count);
    struct rp_identity_name *cn = calloc(count + 1, sizeof *cn);
    struct rp_identity id = {cn, 0, rp_x509_subject_alt_name(cert)};
    bool ok;

    if (cn == NULL)
        return rp_error_set(err, "ENOMEM", "no memory to check a certificate");
    for (size_t i = 0; i < count; i++)
        if (strcmp(subject[i].name, "CN") == 0)
            cn[cn_count++] = (struct rp_identity_name){subject[i].value, subject[i].len};
    id.cn_count = cn_count;
    if (rp_x509_malformed(cert) & (RP_X509_SUBJECT | RP_X509_SUBJECT_ALT_NAME))
        ok = rp_error_set(err, "ERR_TLS_CERT_ALTNAME_FORMAT",
                          "Invalid subject alternative name string");
    else
        ok = rp_identity_check(hostname, &id, err);
    free(cn);
    return ok;
}
