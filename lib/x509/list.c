/* SPDX-License-Identifier: MIT
 *
 * list.c - lists of (name, value) from a certificate. The texts move while a list grows;
 * rp_x509_list_seal sets the pointers to them. Uses base/text.h. */
#include "lib/x509/internal.h"

#include <stdlib.h>
#include <string.h>

static bool list_grow(struct rp_x509_list *list)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 4;
    struct rp_x509_attribute *items;

    if (list->count < list->capacity)
        return true;
    items = reallocarray(list->items, capacity, sizeof *items);
    if (!items)
        return false;
    list->items = items;
    list->capacity = capacity;
    return true;
}

void rp_x509_list_add(struct rp_x509_list *list, const char *name, const char *value, size_t len)
{
    if (!list_grow(list)) {
        list->text.failed = true;
        return;
    }
    rp_text_add(&list->text, name, strlen(name) + 1);
    rp_text_add(&list->text, value, len);
    rp_text_add(&list->text, "", 1);
    list->items[list->count++].len = len;
}

bool rp_x509_list_seal(struct rp_x509_list *list)
{
    const char *at = list->text.bytes;

    if (list->text.failed)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        list->items[i].name = at;
        list->items[i].value = at + strlen(at) + 1;
        at = list->items[i].value + list->items[i].len + 1;
    }
    return true;
}

void rp_x509_list_clear(struct rp_x509_list *list)
{
    free(list->items);
    rp_text_clear(&list->text);
    *list = (struct rp_x509_list){0};
}
