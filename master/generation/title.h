/* SPDX-License-Identifier: MIT
 *
 * title.h - what ps shows for a process: the master, its generations and their workers have the
 * same program and arguments. */
#ifndef TITLE_H
#define TITLE_H

/* First in main(). Returns a copy of argv, to be used instead: the memory of the original, and of
 * the environment, is where the title is written. */
char **title_begin(int argc, char **argv);
/* "reprise: " and this text, cut off where there is no room. Does nothing without title_begin. */
void title_set(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
