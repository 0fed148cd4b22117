/* SPDX-License-Identifier: MIT
 *
 * conf.h - the configuration, parsed and checked, as plain data that everything above reads.
 * conf_load says what is wrong in one line that names file, line, option and what would be right.
 * A struct conf is immutable once loaded; strings and lists belong to it. Relative paths in a
 * file are resolved against the file's directory when loaded. Milliseconds, bytes, seconds: the
 * field's name ends in the unit. */
#ifndef CONF_H
#define CONF_H

#include <reprise/error.h>
#include <stddef.h>
#include <stdint.h>

/* Where a block or option stands, for errors found later (a key that is not the certificate's). */
struct conf_place {
    const char *file;
    unsigned line;
};

/* An option that the file sets, where its first value is. */
struct conf_setting {
    const char *block, *option; /* names as in the schema; block "": the file itself */
    const void *owner;          /* what it configures: the conf, certificate, backend, ... */
    struct conf_place place;
};

struct conf_strings {
    char **at;
    size_t count;
};

enum conf_log_format { CONF_LOG_TEXT, CONF_LOG_JSON };
struct conf_log {
    char *destination; /* "stderr", "syslog", or a path */
    enum conf_log_format format;
    int level; /* enum rp_log_level of lib/base/log.h */
    bool access;
};

struct conf_cache {
    struct conf_place place;
    char *store, *l1; /* URIs; l1 "" = none, and unused unless hosts share the store */
    uint32_t lookup_timeout_ms, session_timeout_s, tickets_per_connection;
    uint64_t key_lifetime_ms;
    bool tickets, single_use;
    char *ticket_keys; /* path, or NULL: the ring */
};

enum conf_ocsp { CONF_OCSP_AUTO, CONF_OCSP_OFF, CONF_OCSP_FILE };
struct conf_certificate { /* certificate "name" { } */
    struct conf_place place;
    char *name, *cert, *key;
    enum conf_ocsp ocsp;
    char *ocsp_file;
};
struct conf_certificates { /* certificates { directory watch } */
    struct conf_place place;
    char *directory;
    bool watch;
};

enum conf_proxy_protocol { CONF_PROXY_OFF, CONF_PROXY_V1, CONF_PROXY_V2, CONF_PROXY_ANY };
enum conf_backend_kind {
    CONF_BACKEND_ADDRESSES,
    CONF_BACKEND_STATUS,
    CONF_BACKEND_REDIRECT,
    CONF_BACKEND_ECHO
};
struct conf_backend { /* backend "name" { }, or one of the builtin ones */
    struct conf_place place;
    char *name;
    enum conf_backend_kind kind;
    struct conf_strings address;             /* "host:port", "unix:/path" */
    enum conf_proxy_protocol proxy_protocol; /* out: off, v1, v2 */
    uint32_t connect_timeout_ms;
};

struct conf_alpn_backend {
    char *protocol;
    const struct conf_backend *backend;
};

/* What a frontend says of TLS, and a host block of it may say anew. NULL and the like: not said. */
struct conf_tls {
    struct conf_place place;
    const struct conf_certificate *
        *certificates; /* the named ones, in order; first is the default */
    size_t certificate_count;
    const struct conf_backend *backend; /* NULL in a host: the frontend's */
    bool request_cert, reject_unauthorized, ca_names, partial_chain;
    uint32_t max_early_data;            /* bytes; 0: none is accepted */
    struct conf_strings alpn_protocols; /* in a host: empty = the frontend's */
    char *ca, *crl;                     /* paths */
};
struct conf_host { /* host "name" { }: an SNI block; "*.example.com" allowed */
    char *name;
    struct conf_tls tls;
};
struct conf_frontend {
    char *name;
    struct conf_strings listen; /* "host:port", "unix:/path", "fd:N" */
    struct conf_tls tls;
    struct conf_alpn_backend *alpn_backends;
    size_t alpn_backend_count;
    struct conf_host *hosts;
    size_t host_count;
    char *min_version, *max_version, *ciphers, *ecdh_curve, *sigalgs;
    bool honor_cipher_order, tickets, strict_sni, use_certificate_directory;
    uint32_t handshake_timeout_ms, idle_timeout_ms;
    enum conf_proxy_protocol proxy_protocol; /* in: off, v1, v2, or any of the two ("on") */
    struct conf_strings proxy_from;          /* networks; none: whoever can connect */
    uint32_t max_connections, handshakes_per_second, per_source_connections; /* 0 = no limit */
    uint32_t max_handshakes; /* unfinished ones at a time in each worker; 0 = no limit */
};

struct conf {
    char *file;
    unsigned workers;                               /* 0 = auto */
    char *state_dir, *run_dir, *user, *secret_file; /* user, secret_file NULL = not said */
    struct conf_log log;
    /* how long connections may go on after a reload, and after a stop; 0: as long as they need */
    uint32_t drain_timeout_ms, stop_timeout_ms;
    uint64_t expiry_warning_ms;      /* how long before a certificate expires that is a warning */
    uint32_t old_generations;        /* that may have connections beside the one that serves */
    char *admin_listen;              /* NULL = none */
    struct conf_strings admin_hosts; /* besides those that admin_listen names */
    struct conf_cache cache;
    struct conf_certificate *certificates;
    size_t certificate_count;
    struct conf_certificates directory;
    struct conf_backend *backends; /* the builtin ones that are used included */
    size_t backend_count;
    struct conf_frontend *frontends;
    size_t frontend_count;
    struct conf_setting *settings; /* the options that the file sets */
    size_t setting_count;
};

/* Parse and check all that can be judged from the text alone. NULL with err->message in the form
 * "file:line: option: what is wrong; what would be right". */
struct conf *conf_load(const char *path, struct rp_error *err) __attribute__((warn_unused_result));
struct conf *conf_parse(const char *text, const char *name, struct rp_error *err)
    __attribute__((warn_unused_result));
void conf_free(struct conf *); /* NULL ok */

/* Call `warn` with each thing that most likely is not as it was meant, though it works: the note
 * has file, line and remedy. */
typedef void conf_warn(const struct rp_error *note, void *arg);
/* Whether names of backends are looked up, to find out that two are the same; that may block. */
enum conf_lookup { CONF_NO_LOOKUP, CONF_LOOKUP };
void conf_warnings(const struct conf *, enum conf_lookup, conf_warn *warn, void *arg);

/* As text, defaults included, which is read as the same configuration again; but passwords in URIs
 * are ***. Owned by the caller: free(). NULL: no memory. */
char *conf_print(const struct conf *);

/* One option of the language. A host block has the values of its frontend unless it states others:
 * `inherited`. The texts are valid during the call. */
struct conf_option_info {
    const char *block, *name; /* block: "" for the file itself */
    const char *preset;       /* the default; NULL: none */
    bool required, inherited;
    char values[64]; /* "time", "auto | number" */
    char range[64];  /* "1s to 7d"; "": no range */
    const char *help;
};
typedef void conf_option_visit(const struct conf_option_info *, void *arg);
void conf_options(conf_option_visit *visit, void *arg);

/* Does it, under any name, accept early data? */
bool conf_takes_early_data(const struct conf_frontend *);

/* Format the place for an error: "file:line: ". */
bool conf_error(struct rp_error *err, const struct conf_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
