/* SPDX-License-Identifier: MIT
 *
 * tool_io.h - the standard streams and the files that the tools write. The danger: output that is
 * lost in silence, and secrets in files that others can read. */
#ifndef TOOL_IO_H
#define TOOL_IO_H

#include <stdbool.h>
#include <stddef.h>

/* Call first: a standard stream that is closed is opened for nothing, so that no socket gets its
 * number. */
void tool_io_begin(void);
/* Write all of it to the standard output, waiting as long as it takes. false: it can't be; said
 * once. */
bool tool_out(const void *bytes, size_t len);
/* Something was not written. */
bool tool_out_failed(void);

/* Replace a file by a new one that only its owner can read; what is no file (a pipe) is written to.
 * false: said on the standard error. */
bool tool_write_file(const char *path, const void *bytes, size_t len);

/* Where key log lines go besides: appended to a file that only its owner can read. path NULL: there
 * is none. */
bool tool_keylog_open(const char *path);
void tool_keylog_write(const char *line, size_t len);
/* Lines were lost; said once. */
bool tool_keylog_failed(void);

#endif
