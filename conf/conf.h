/* SPDX-License-Identifier: MIT
 *
 * conf.h - the configuration, parsed and checked, as plain data for the layers above.
 * An error of conf_load is one line with file, line, option and remedy. A struct conf is immutable
 * once loaded and owns its strings and lists. Relative paths are resolved against the directory of
 * the file. The name of a field ends in its unit: _ms, _s. */
#ifndef CONF_H
#define CONF_H

#include <reprise/error.h>
#include <stddef.h>
#include <stdint.h>

enum { CONF_WORKERS_MAX = 256 };

/* The location of a block or option, for errors that are found later (a key that does not match).
 */
struct conf_location {
    const char *file;
    unsigned line;
};

/* An option that the file sets, where its first value is. */
struct conf_setting {
    const char *block, *option; /* names as in the schema; block "": the file itself */
    const void *owner;          /* what it configures: the conf, certificate, backend, ... */
    struct conf_location location;
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
    struct conf_location location;
    char *store, *l1; /* URIs; l1 is unused with a local store; "": none */
    uint32_t lookup_timeout_ms, session_timeout_s, tickets_per_connection;
    uint64_t key_lifetime_ms;
    bool tickets, single_use;
    char *ticket_keys; /* path of fixed keys; NULL: keys are created and replaced */
};

enum conf_ocsp { CONF_OCSP_AUTO, CONF_OCSP_OFF, CONF_OCSP_FILE };
struct conf_certificate { /* certificate "name" { } */
    struct conf_location location;
    char *name, *cert, *key;
    enum conf_ocsp ocsp;
    char *ocsp_file;
};
struct conf_certificates { /* certificates { directory watch } */
    struct conf_location location;
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
struct conf_backend { /* backend "name" { }, or a built-in one */
    struct conf_location location;
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

/* The TLS options of a frontend, which its host blocks may replace. NULL or 0: unset. */
struct conf_tls {
    struct conf_location location;
    const struct conf_certificate *
        *certificates; /* in the file's order; the first is the default */
    size_t certificate_count;
    const struct conf_backend *backend; /* NULL in a host: the frontend's */
    bool request_cert, reject_unauthorized, ca_names, partial_chain;
    uint32_t max_early_data;            /* bytes; 0: early data is rejected */
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
    enum conf_proxy_protocol proxy_protocol; /* in: off, v1, v2, or either ("on") */
    struct conf_strings proxy_from;          /* networks; empty: any source */
    uint32_t max_connections, handshakes_per_second, per_source_connections; /* 0 = no limit */
    uint32_t max_handshakes; /* unfinished, at a time, in each worker; 0 = no limit */
};

struct conf {
    char *file;
    unsigned workers; /* 0 = auto, which the master replaces by the number */
    char *state_dir, *run_dir, *user, *secret_file; /* user, secret_file: NULL = unset */
    struct conf_log log;
    /* how long connections stay open after a reload and after a stop; 0: as long as they need */
    uint32_t drain_timeout_ms, stop_timeout_ms;
    uint64_t expiry_warning_ms;      /* how long before its expiry a certificate is a warning */
    uint32_t old_generations;        /* old generations that may still have connections */
    char *admin_listen;              /* NULL = none */
    struct conf_strings admin_hosts; /* in addition to the names in admin_listen */
    struct conf_cache cache;
    struct conf_certificate *certificates;
    size_t certificate_count;
    struct conf_certificates directory;
    struct conf_backend *backends; /* with the built-in ones that are used */
    size_t backend_count;
    struct conf_frontend *frontends;
    size_t frontend_count;
    struct conf_setting *settings; /* the options that the file sets */
    size_t setting_count;
};

/* Parse the text and check it; no other file is opened. Return NULL with err->message
 * "FILE:LINE: OPTION: fault; remedy" on error. */
struct conf *conf_load(const char *path, struct rp_error *err) __attribute__((warn_unused_result));
struct conf *conf_parse(const char *text, const char *name, struct rp_error *err)
    __attribute__((warn_unused_result));
void conf_free(struct conf *); /* NULL ok */

/* Call `warn` for each setting that is valid but probably not intended. The note states file,
 * line and remedy, and is valid during the call. */
typedef void conf_warn(const struct rp_error *note, void *arg);
/* CONF_LOOKUP looks up the names of backends to find two that are the same; this may block. */
enum conf_lookup { CONF_NO_LOOKUP, CONF_LOOKUP };
void conf_warnings(const struct conf *, enum conf_lookup, conf_warn *warn, void *arg);

/* The configuration as text with all defaults. Parsing the text gives the same configuration, but
 * passwords in URIs are replaced by ***. Owned by the caller: free(). NULL: no memory. */
char *conf_print(const struct conf *);

/* One option. `inherited`: unset in a host block, it has the value of the frontend. The texts are
 * valid during the call. */
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

/* Does the frontend, or one of its hosts, accept early data? */
bool conf_takes_early_data(const struct conf_frontend *);

/* Set an error that begins with "FILE:LINE: ". Return false. */
bool conf_error(struct rp_error *err, const struct conf_location *location, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
