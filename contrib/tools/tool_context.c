/* SPDX-License-Identifier: MIT
 *
 * tool_context.c - create a secure context from flags; see tool_context.h. */
#include "tool_context.h"

#include <stdlib.h>
#include <string.h>

struct tool_context_flags tool_context_flags;

/* NULL and count 0 if the flag was not given. */
static const struct rp_pem *pems(const struct tool_files *files, size_t *count)
{
    struct rp_pem *list = files->count > 0 ? calloc(files->count, sizeof *list) : NULL;

    for (size_t i = 0; list != NULL && i < files->count; i++)
        list[i] = (struct rp_pem){.bytes = files->items[i].bytes,
                                  .len = files->items[i].len,
                                  .file = files->items[i].file};
    *count = list != NULL ? files->count : 0;
    return list;
}

static bool set_ticket_keys(struct rp_secure_context_options *o, const struct tool_bytes *bytes,
                            struct rp_error *err)
{
    struct rp_ticket_key key;

    if (bytes->bytes == NULL)
        return true;
    if (bytes->len != RP_TICKET_KEYS_SIZE)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "The property 'options.ticketKeys' must be exactly 48 bytes. Received "
                            "%zu",
                            bytes->len);
    o->ticket_keys = rp_ticket_keys_new(err);
    return o->ticket_keys != NULL &&
           rp_ticket_key_decode(&key, bytes->bytes, bytes->len, RP_TICKET_KEY_NODE, err) &&
           rp_ticket_keys_set(o->ticket_keys, &key, 1, true, err);
}

static bool set_dhparam(struct rp_secure_context_options *o, const char *value,
                        struct rp_error *err)
{
    static struct tool_bytes file;

    o->dhparam = value;
    if (value == NULL || strcmp(value, "auto") == 0)
        return true;
    free(file.bytes);
    file.bytes = NULL;
    if (!tool_read_file(value, &file))
        return rp_error_set(err, "ENOENT", "no DH parameters");
    o->dhparam = (const char *)file.bytes;
    return true;
}

static struct rp_secure_context *make(const struct tool_context_flags *f, struct rp_error *err)
{
    struct rp_secure_context_options o = f->options;
    struct rp_secure_context *c = NULL;

    o.cert = pems(&f->cert, &o.cert_count);
    o.key = pems(&f->key, &o.key_count);
    o.pfx = pems(&f->pfx, &o.pfx_count);
    o.ca = pems(&f->ca, &o.ca_count);
    o.extra_ca = pems(&f->extra_ca, &o.extra_ca_count);
    o.crl = pems(&f->crl, &o.crl_count);
    o.empty_ca = f->empty_ca == RP_ON;
    o.allow_partial_trust_chain = f->allow_partial_trust_chain == RP_ON;
    o.no_renegotiation = f->renegotiation == RP_OFF;
    o.secure_options = f->secure_options;
    o.session_timeout = f->session_timeout;
    o.tickets_per_connection = f->tickets_per_connection;
    if (f->session_id_context != NULL && *f->session_id_context != '\0') {
        o.session_id_context = f->session_id_context;
        o.session_id_context_len = strlen(f->session_id_context);
    }
    if (set_ticket_keys(&o, &f->ticket_keys, err) && set_dhparam(&o, f->dhparam, err))
        c = rp_secure_context_new(&o, err);
    rp_ticket_keys_unref(o.ticket_keys);
    free((void *)(uintptr_t)o.cert);
    free((void *)(uintptr_t)o.key);
    free((void *)(uintptr_t)o.pfx);
    free((void *)(uintptr_t)o.ca);
    free((void *)(uintptr_t)o.extra_ca);
    free((void *)(uintptr_t)o.crl);
    return c;
}

struct rp_secure_context *tool_context_new(struct rp_error *err)
{
    return make(&tool_context_flags, err);
}

struct rp_secure_context *tool_context_for(const struct tool_bytes *cert,
                                           const struct tool_bytes *key, struct rp_error *err)
{
    struct tool_context_flags f = tool_context_flags;
    struct tool_bytes own_cert = *cert, own_key = *key;

    f.cert = (struct tool_files){&own_cert, 1};
    f.key = (struct tool_files){&own_key, 1};
    f.pfx = (struct tool_files){0};
    return make(&f, err);
}
