/* SPDX-License-Identifier: MIT
 *
 * tool_events.c - events as JSON lines; see tool_events.h. */
#include "tool_events.h"

#include <stdlib.h>
#include <string.h>

#include "tool_flags.h"
#include "tool_io.h"

json_t *tool_event(const char *name)
{
    return json_pack("{s:s}", "event", name);
}

void tool_print(json_t *event)
{
    char *text = json_dumps(event, JSON_COMPACT);
    size_t len = text != NULL ? strlen(text) : 0;

    if (text != NULL) {
        text[len] = '\n'; /* replaces the NUL */
        tool_out(text, len + 1);
    }
    free(text);
    json_decref(event);
}

json_t *tool_string(const char *text)
{
    json_t *string = json_string(text);
    char *utf8 = string == NULL ? malloc(2 * strlen(text) + 1) : NULL, *at = utf8;

    if (utf8 == NULL)
        return string;
    for (; *text != '\0'; text++) { /* as Latin-1, like node */
        unsigned char c = (unsigned char)*text;

        if (c >= 0x80)
            *at++ = (char)(0xc0 | c >> 6);
        *at++ = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
    }
    string = json_stringn(utf8, (size_t)(at - utf8));
    free(utf8);
    return string;
}

void tool_add_hex(json_t *event, const char *key, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * len + 1);

    if (text == NULL)
        return;
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    json_object_set_new(event, key, json_stringn(text, 2 * len));
    free(text);
}

void tool_add_base64(json_t *event, const char *key, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc((len + 2) / 3 * 4 + 1), *at = text;

    if (text == NULL)
        return;
    for (size_t i = 0; i < len; i += 3) {
        unsigned word = (unsigned)bytes[i] << 16;

        if (i + 1 < len)
            word |= (unsigned)bytes[i + 1] << 8;
        if (i + 2 < len)
            word |= bytes[i + 2];
        *at++ = digits[word >> 18];
        *at++ = digits[word >> 12 & 63];
        *at++ = i + 1 < len ? digits[word >> 6 & 63] : '=';
        *at++ = i + 2 < len ? digits[word & 63] : '=';
    }
    json_object_set_new(event, key, json_stringn(text, (size_t)(at - text)));
    free(text);
}

void tool_add_end(json_t *event, const struct rp_socket *socket)
{
    if (rp_socket_truncated(socket))
        json_object_set_new(event, "truncated", json_true());
}

void tool_add_error(json_t *event, const struct rp_error *error)
{
    if (error->code[0] != '\0')
        json_object_set_new(event, "code", json_string(error->code));
    json_object_set_new(event, "message", tool_string(error->message));
    if (error->library[0] != '\0')
        json_object_set_new(event, "library", json_string(error->library));
    if (error->reason[0] != '\0')
        json_object_set_new(event, "reason", tool_string(error->reason));
}

void tool_say_error(const char *what, const struct rp_error *error)
{
    tool_complain("%s%s%s%s%s", what != NULL ? what : "", what != NULL ? ": " : "", error->code,
                  error->code[0] != '\0' ? ": " : "", error->message);
}

void tool_add_address(json_t *event, const struct rp_address *address)
{
    char text[RP_ADDRESS_TEXT];

    if (address == NULL)
        return;
    json_object_set_new(event, "address", tool_string(rp_address_host(address, text)));
    if (strcmp(rp_address_family(address), "Unix") == 0)
        return;
    json_object_set_new(event, "family", json_string(rp_address_family(address)));
    json_object_set_new(event, "port", json_integer(rp_address_port(address)));
}

/* -- members of a socket */

/* A text that is false in node if it is missing. */
static json_t *text_or_false(const char *text)
{
    return text != NULL ? tool_string(text) : json_false();
}

static json_t *certificate(const struct rp_x509 *cert, bool detailed)
{
    struct rp_x509_json_options o = {.detailed = detailed, .depth = 1};
    json_t *object = NULL;
    size_t len;
    char *text;

    if (cert == NULL)
        return json_object();
    text = rp_x509_to_json(cert, &o, &len);
    if (text != NULL)
        object = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    free(text);
    return object != NULL ? object : json_object();
}

static json_t *ephemeral_key(const struct rp_socket *s)
{
    struct rp_ephemeral_key_info info;
    json_t *object;

    if (rp_socket_is_server(s))
        return json_null();
    object = json_object();
    if (!rp_socket_ephemeral_key_info(s, &info))
        return object;
    json_object_set_new(object, "type", json_string(info.type));
    if (info.name != NULL)
        json_object_set_new(object, "name", json_string(info.name));
    json_object_set_new(object, "size", json_integer(info.size));
    return object;
}

static json_t *shared_sigalgs(const struct rp_socket *s)
{
    json_t *list = json_array();
    char name[RP_SIGALG_NAME_MAX];

    for (size_t i = 0; rp_socket_shared_sigalg(s, i, name); i++)
        json_array_append_new(list, json_string(name));
    return list;
}

static void add_certificates(json_t *event, struct rp_socket *s, bool detailed)
{
    struct rp_x509 *peer = rp_socket_peer_x509(s, detailed, NULL), *own = rp_socket_x509(s, NULL);

    json_object_set_new(event, "peerCertificate", certificate(peer, detailed));
    json_object_set_new(event, "certificate", certificate(own, false));
    rp_x509_unref(peer);
    rp_x509_unref(own);
}

/* Omitted if no early data was offered: node has no such member. */
static void add_early_data(json_t *event, const struct rp_socket *s)
{
    enum rp_early_data what = rp_socket_early_data(s);

    if (what != RP_EARLY_DATA_NONE)
        json_object_set_new(event, "earlyData",
                            json_string(what == RP_EARLY_DATA_ACCEPTED ? "accepted" : "rejected"));
}

static void add_keying_material(json_t *event, const struct rp_socket *s, const char *label)
{
    uint8_t bytes[32];
    struct rp_error error;

    if (rp_socket_export_keying_material(s, bytes, sizeof bytes, label, NULL, 0, &error))
        tool_add_hex(event, "keyingMaterial", bytes, sizeof bytes);
    else
        json_object_set_new(event, "keyingMaterial", json_string(error.code));
}

void tool_add_socket(json_t *event, struct rp_socket *s, const struct tool_facts *facts)
{
    const char *refusal = rp_socket_authorization_error(s), *protocol = rp_socket_protocol(s);
    uint8_t finished[RP_FINISHED_MAX];
    struct rp_cipher_info cipher;

    json_object_set_new(event, "authorized", json_boolean(rp_socket_authorized(s)));
    json_object_set_new(event, "authorizationError",
                        refusal != NULL ? json_string(refusal) : json_null());
    json_object_set_new(event, "protocol", protocol != NULL ? json_string(protocol) : json_null());
    if (rp_socket_cipher(s, &cipher))
        json_object_set_new(event, "cipher",
                            json_pack("{s:s, s:s, s:s}", "name", cipher.name, "standardName",
                                      cipher.standard_name, "version", cipher.version));
    json_object_set_new(event, "alpnProtocol", text_or_false(rp_socket_alpn_protocol(s)));
    json_object_set_new(event, "servername", text_or_false(rp_socket_servername(s)));
    json_object_set_new(event, "sessionReused", json_boolean(rp_socket_session_reused(s)));
    add_early_data(event, s);
    json_object_set_new(event, "ephemeralKeyInfo", ephemeral_key(s));
    add_certificates(event, s, facts->detailed);
    json_object_set_new(event, "sharedSigalgs", shared_sigalgs(s));
    tool_add_hex(event, "finished", finished, rp_socket_finished(s, finished));
    tool_add_hex(event, "peerFinished", finished, rp_socket_peer_finished(s, finished));
    if (facts->exporter != NULL)
        add_keying_material(event, s, facts->exporter);
}
