/* SPDX-License-Identifier: MIT
 *
 * tool_flags.c - parse a command line by a table; see tool_flags.h. Memory allocated here is freed
 * at exit only. */
#include "tool_flags.h"

#include <ctype.h>
#include <errno.h>
#include <reprise/stream.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program = "reprise";

void tool_name(const char *name)
{
    program = name;
}

void tool_complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static void *grown(void *block, size_t size)
{
    block = realloc(block, size);
    if (block == NULL) {
        tool_complain("no memory");
        exit(2);
    }
    return block;
}

/* -- values */

bool tool_read_file(const char *path, struct tool_bytes *out)
{
    FILE *file = fopen(path, "rb");
    size_t room = 4096, got;

    if (file == NULL) {
        tool_complain("%s: %s", path, strerror(errno));
        return false;
    }
    out->bytes = grown(NULL, room + 1);
    out->len = 0;
    while ((got = fread(out->bytes + out->len, 1, room - out->len, file)) > 0) {
        out->len += got;
        if (out->len == room)
            out->bytes = grown(out->bytes, (room *= 2) + 1);
    }
    out->bytes[out->len] = '\0';
    if (ferror(file) != 0) {
        tool_complain("%s: cannot be read", path);
        fclose(file);
        return false;
    }
    fclose(file);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tool_read_hex(const char *text, struct tool_bytes *out)
{
    size_t len = strlen(text);

    out->bytes = grown(NULL, len / 2 + 1);
    out->len = 0;
    for (size_t i = 0; i + 1 < len; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

        if (high < 0 || low < 0)
            break;
        out->bytes[out->len++] = (uint8_t)(high * 16 + low);
    }
    out->bytes[out->len] = '\0';
    if (out->len * 2 == len)
        return true;
    free(out->bytes);
    *out = (struct tool_bytes){0};
    return false;
}

static void add_items(struct tool_list *list, const char *text)
{
    char *copy = strdup(text), *rest = copy, *item;

    if (copy == NULL) {
        tool_complain("no memory");
        exit(2);
    }
    list->items = grown(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count] = NULL;
    while (*text != '\0' && (item = strsep(&rest, ",")) != NULL) {
        list->items = grown(list->items, (list->count + 2) * sizeof *list->items);
        list->items[list->count++] = item;
        list->items[list->count] = NULL;
    }
}

static bool add_file(struct tool_files *files, const char *path)
{
    struct tool_bytes *item;

    files->items = grown(files->items, (files->count + 1) * sizeof *files->items);
    item = &files->items[files->count];
    if (!tool_read_file(path, item))
        return false;
    item->file = strdup(path);
    files->count++;
    return true;
}

static bool add_files(struct tool_files *files, const char *text)
{
    char *copy = strdup(text), *rest = copy, *path;
    bool ok = copy != NULL;

    if (access(text, F_OK) == 0) { /* a file whose name may contain commas */
        free(copy);
        return add_file(files, text);
    }
    while (ok && (path = strsep(&rest, ",")) != NULL)
        ok = add_file(files, path);
    free(copy);
    return ok;
}

/* Decimal, or 0x and hexadecimal. */
static bool set_number(const struct tool_flag *flag, const char *text)
{
    bool hex = strncmp(text, "0x", 2) == 0,
         digits = isxdigit((unsigned char)text[hex ? 2 : 0]) != 0;
    unsigned long long value;
    char *end;

    errno = 0;
    value = strtoull(text, &end, hex ? 16 : 10);
    if (!digits || end == text || *end != '\0' || errno != 0 ||
        (flag->kind == TOOL_COUNT && value > UINT32_MAX)) {
        tool_complain("--%s: \"%.40s\" is %s", flag->name, text,
                      digits && *end == '\0' ? "too large" : "not a number");
        return false;
    }
    if (flag->kind == TOOL_COUNT)
        *(uint32_t *)flag->to = (uint32_t)value;
    else
        *(uint64_t *)flag->to = value;
    return true;
}

static bool set_hex(const struct tool_flag *flag, const char *text)
{
    if (tool_read_hex(text, flag->to))
        return true;
    tool_complain("--%s: not hexadecimal", flag->name);
    return false;
}

static bool set_secret(const struct tool_flag *flag, const char *path)
{
    struct tool_bytes file;

    if (!tool_read_file(path, &file))
        return false;
    file.bytes[strcspn((char *)file.bytes, "\r\n")] = '\0';
    *(const char **)flag->to = (const char *)file.bytes;
    return true;
}

static bool set_bool(const struct tool_flag *flag, const char *text)
{
    bool on = text == NULL || strcmp(text, "true") == 0 || strcmp(text, "on") == 0;

    if (!on && strcmp(text, "false") != 0 && strcmp(text, "off") != 0) {
        tool_complain("--%s is on or off: --%s, --no-%s, --%s=false", flag->name, flag->name,
                      flag->name, flag->name);
        return false;
    }
    *(enum rp_toggle *)flag->to = on ? RP_ON : RP_OFF;
    return true;
}

static bool set_value(const struct tool_flag *flag, const char *text)
{
    switch (flag->kind) {
    case TOOL_TEXT:
        *(const char **)flag->to = text;
        return true;
    case TOOL_NUMBER:
    case TOOL_COUNT:
        return set_number(flag, text);
    case TOOL_LIST:
        add_items(flag->to, text);
        return true;
    case TOOL_FILE:
        return tool_read_file(text, flag->to);
    case TOOL_FILES:
        return add_files(flag->to, text);
    case TOOL_HEX:
        return set_hex(flag, text);
    case TOOL_SECRET:
        return set_secret(flag, text);
    default:
        return set_bool(flag, text);
    }
}

/* -- flags */

static const struct tool_flag *find(const struct tool_flag *flags, const char *name, size_t len)
{
    for (; flags->name != NULL; flags++)
        if (flags->kind != TOOL_TITLE && strlen(flags->name) == len &&
            memcmp(flags->name, name, len) == 0)
            return flags;
    return NULL;
}

/* Parse one flag and its value, which may be the next argument. */
static bool parse_flag(const struct tool_flag *flags, char **argv, int *at)
{
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct tool_flag *flag = find(flags, name, len);

    if (flag == NULL && len > 3 && equals == NULL && strncmp(name, "no-", 3) == 0) {
        flag = find(flags, name + 3, len - 3);
        if (flag != NULL && flag->kind == TOOL_BOOL) {
            *(enum rp_toggle *)flag->to = RP_OFF;
            return true;
        }
        flag = NULL;
    }
    if (flag == NULL) {
        tool_complain("unknown flag --%.*s; see --help", (int)len, name);
        return false;
    }
    if (flag->kind == TOOL_BOOL)
        return set_bool(flag, equals != NULL ? equals + 1 : NULL);
    if (equals != NULL)
        return set_value(flag, equals + 1);
    if (argv[*at + 1] == NULL) {
        tool_complain("--%s needs a value", flag->name);
        return false;
    }
    return set_value(flag, argv[++*at]);
}

static void print_help(const struct tool_flag *flags, const char *usage)
{
    printf("usage: %s %s\n", program, usage);
    for (; flags->name != NULL; flags++) {
        char left[80];

        if (flags->kind == TOOL_TITLE) {
            printf("\n%s\n", flags->name);
            continue;
        }
        if (flags->kind == TOOL_BOOL)
            snprintf(left, sizeof left, "--[no-]%s", flags->name);
        else
            snprintf(left, sizeof left, "--%s %s", flags->name, flags->value);
        printf("  %-34s %s\n", left, flags->help);
    }
    printf("  %-34s %s\n  %-34s %s\n", "--help", "this", "--version", "of the program");
}

/* A positional argument. */
static bool take(const char *text, const char **positional)
{
    if (text[0] == '-' && text[1] != '\0') {
        tool_complain("\"%s\": flags have two dashes; see --help", text);
        return false;
    }
    if (*positional != NULL) {
        tool_complain("\"%s\" is an unexpected argument", text);
        return false;
    }
    *positional = text;
    return true;
}

enum tool_outcome tool_parse(const struct tool_flag *flags, const char *usage, int argc,
                             char **argv, const char **positional)
{
    bool all = false; /* after "--" all arguments are positional */

    for (int i = 1; i < argc; i++) {
        if (!all && strcmp(argv[i], "--") == 0) {
            all = true;
        } else if (!all && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help(flags, usage);
            return TOOL_DONE;
        } else if (!all && strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", program, RP_VERSION);
            return TOOL_DONE;
        } else if (!all && strncmp(argv[i], "--", 2) == 0) {
            if (!parse_flag(flags, argv, &i))
                return TOOL_WRONG;
        } else if (!take(argv[i], positional)) {
            return TOOL_WRONG;
        }
    }
    return TOOL_GO;
}
