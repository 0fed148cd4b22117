/* SPDX-License-Identifier: MIT
 *
 * fuzz_conf.c - any text is a configuration or one line that says why not. */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct rp_error error = {0};
    struct conf *conf;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    conf = conf_parse(text, "/x.conf", &error);
    if (conf == NULL && (error.message[0] == '\0' || strchr(error.message, '\n') != NULL))
        abort();
    conf_free(conf);
    free(text);
    return 0;
}
