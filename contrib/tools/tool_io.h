/* SPDX-License-Identifier: MIT
 *
 * tool_io.h - the standard streams, and the files that the tools write. The danger: output that is
 * lost without an error, and secrets in files that others can read. */
#ifndef TOOL_IO_H
#define TOOL_IO_H

#include <stdbool.h>
#include <stddef.h>

/* Call first: opens /dev/null for each closed standard stream, so that no socket gets its
 * number. */
void tool_io_begin(void);
/* Write all bytes to standard output; waits if necessary. false: an error, which is printed
 * once. */
bool tool_out(const void *bytes, size_t len);
/* Whether an earlier write failed. */
bool tool_out_failed(void);

/* Replace a file by a new one that only its owner can read; a pipe or device is written to instead.
 * false: an error was printed. */
bool tool_write_file(const char *path, const void *bytes, size_t len);

/* Append key log lines to a file that only its owner can read. path NULL: none. */
bool tool_keylog_open(const char *path);
void tool_keylog_write(const char *line, size_t len);
/* Whether lines were lost; the error is printed once. */
bool tool_keylog_failed(void);

#endif
