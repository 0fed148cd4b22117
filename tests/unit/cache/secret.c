/* SPDX-License-Identifier: MIT
 *
 * secret.c - the file of the cluster secret: what is accepted, what is refused, and who makes it.
 */
#include "cache/secret.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64], path[96];

static void setup(void)
{
    snprintf(directory, sizeof directory, "/tmp/reprise-secret-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/secret", directory);
}

static void teardown(void)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;

    while ((entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(directory);
}

static int files(void)
{
    DIR *dir = opendir(directory);
    int count = -2; /* . and .. */

    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

/* As good as random, and the same each time. */
static uint8_t byte_at(size_t index)
{
    uint8_t byte = 1;

    for (; index > 0; index--)
        byte = (uint8_t)(byte * 5 + 3);
    return byte;
}

/* A block of `period` bytes again and again. */
static void write_file(size_t len, unsigned period, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(write(fd, &(uint8_t){byte_at(i % period)}, 1), 1);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    if (geteuid() == 0) /* a file of root's is another case */
        ck_assert_int_eq(fchown(fd, 65534, 65534), 0);
    close(fd);
}

static const struct {
    size_t len;
    unsigned period;
    mode_t mode;
    bool good;
} cases[] = {
    {32, 32, 0600, true},  {32, 32, 0400, true},  {64, 64, 0600, true},    {4096, 99, 0600, true},
    {32, 32, 0640, false}, {32, 32, 0604, false}, {32, 32, 0620, false},   {32, 32, 0602, false},
    {0, 1, 0600, false},   {31, 31, 0600, false}, {4097, 99, 0600, false}, {9000, 99, 0600, false},
    {32, 1, 0600, false},  {64, 2, 0600, false},  {4096, 5, 0600, false},  {64, 16, 0600, false},
    {64, 31, 0600, false}, {32, 20, 0600, false},
};

START_TEST(secret_file_is_read_or_refused)
{
    struct rp_secret secret;
    struct rp_error err = {0};

    write_file(cases[_i].len, cases[_i].period, cases[_i].mode);
    ck_assert_int_eq(rp_secret_read(&secret, path, &err), cases[_i].good);
    ck_assert_int_eq(err.message[0] == '\0', cases[_i].good);
    if (!cases[_i].good)
        ck_assert_ptr_nonnull(strstr(err.message, path));
}
END_TEST

/* As it is mounted into a container, where nobody can chmod it. */
START_TEST(secret_of_root_may_be_read_by_its_group)
{
    static const mode_t right[] = {0440, 0640, 0600, 0400}, wrong[] = {0444, 0460, 0660, 0441};
    struct rp_secret secret;

    if (geteuid() != 0) {
        printf("skipped: needs root\n");
        return;
    }
    write_file(32, 32, 0600);
    ck_assert_int_eq(chown(path, 0, 1234), 0);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(chmod(path, right[i]), 0);
        ck_assert(rp_secret_read(&secret, path, NULL));
        ck_assert_int_eq(chmod(path, wrong[i]), 0);
        ck_assert(!rp_secret_read(&secret, path, NULL));
    }
}
END_TEST

/* In a directory that is not root's alone. */
START_TEST(secret_that_is_made_here_is_no_link)
{
    struct rp_secret secret;
    struct rp_error err;
    char link[sizeof path + 8];

    write_file(32, 32, 0600);
    snprintf(link, sizeof link, "%s.link", path);
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert(rp_secret_read(&secret, link, NULL));
    ck_assert(!rp_secret_read_or_make(&secret, link, &err));
    ck_assert_str_eq(err.code, "ELOOP");
    unlink(link);
}
END_TEST

START_TEST(secret_is_no_directory_fifo_or_device)
{
    struct rp_secret secret;
    struct rp_error err;

    ck_assert(!rp_secret_read(&secret, directory, &err));
    ck_assert(!rp_secret_read(&secret, "/dev/urandom", &err));
    ck_assert_ptr_nonnull(strstr(err.message, "not a regular file"));
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert(!rp_secret_read(&secret, path, &err)); /* and does not wait for a writer */
    unlink(path);
    ck_assert(!rp_secret_read(&secret, path, &err));
    ck_assert_str_eq(err.code, "ENOENT");
}
END_TEST

START_TEST(secret_depends_on_every_byte)
{
    struct rp_secret one, other;

    write_file(32, 32, 0600);
    ck_assert(rp_secret_read(&one, path, NULL));
    write_file(33, 33, 0600);
    ck_assert(rp_secret_read(&other, path, NULL));
    ck_assert_mem_ne(one.key, other.key, sizeof one.key);
}
END_TEST

/* -- text: a line is a secret */

#define OLD    "W1JxgB8GlVQTKmlYVx4N7MuCYXCPdoUEgxoZCMdOPVw="
#define NEW    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEX    "01082bda455ccf0e497033020d4457b691d83b2ad52cdf5ed94043529D146706"
#define BASE64 "AQgr2kVczw5JcDMCDURXtpHYOyrVLN9e2UBDUp0UZwY="

static void write_text(const char *text)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fputs(text, file) < 0, 0);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

static struct rp_secret secret_of(const char *text)
{
    struct rp_secret secret;
    struct rp_error err = {0};

    write_text(text);
    ck_assert_msg(rp_secret_read(&secret, path, &err), "%s: %s", text, err.message);
    return secret;
}

START_TEST(secret_lines_may_end_in_any_way)
{
    static const char *const texts[] = {OLD, OLD "\n", OLD "\r\n", "\n " OLD " \n\n"};
    struct rp_secret one = secret_of(OLD), other = secret_of(texts[_i]);

    ck_assert_mem_eq(one.key, other.key, sizeof one.key);
    ck_assert(!other.has_former);
}
END_TEST

START_TEST(secret_may_be_two_during_a_change_over)
{
    struct rp_secret old = secret_of(OLD "\n"), young = secret_of(NEW), former;
    struct rp_secret both = secret_of(NEW "\n" OLD "\n");

    ck_assert(!rp_secret_former(&old, &former));
    ck_assert_mem_eq(both.key, young.key, sizeof both.key);
    ck_assert(rp_secret_former(&both, &former));
    ck_assert_mem_eq(former.key, old.key, sizeof old.key);
    ck_assert(!former.has_former);
}
END_TEST

static const struct {
    const char *text;
    size_t bytes;
} encoded[] = {
    {HEX "\n", 32},
    {BASE64 "\n", 32},
    {"01082bda455ccf0e497033020d4457b691d83b2ad52cdf5ed94043529d14670621a84b7a65fcefae691053a22de47"
     "756",
     48},
    {"AQgr2kVczw5JcDMCDURXtpHYOyrVLN9e2UBDUp0UZwYhqEt6ZfzvrmkQU6It5HdW", 48},
};

START_TEST(secret_as_text_is_the_bytes_it_writes)
{
    struct rp_secret text = secret_of(encoded[_i].text), bytes;

    unlink(path);
    write_file(encoded[_i].bytes, 99, 0600);
    ck_assert(rp_secret_read(&bytes, path, NULL));
    ck_assert_mem_eq(text.key, bytes.key, sizeof text.key);
}
END_TEST

static const struct {
    const char *text, *why;
} bad_texts[] = {
    {"\n\n", "too few bytes"},
    {OLD "\nshort\n", "too few bytes"},
    {"short\n" OLD, "too few bytes"},
    {OLD "\n" OLD "\n", "the same secret twice"},
    {OLD "\n" NEW "\n" HEX "\n", "more than two lines"},
    {OLD "\nzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\n", "not random: words"},
    {"the quick brown fox jumps over the lazy dog, and then over 2 more", "not random: words"},
    {"correct-horse-battery-staple-correct-horse-battery-staple", "not random: words"},
    {"correcthorsebatterystaplecorrecthorsebatterystaple12", "not random: words"},
    {"CorrectHorseBatteryStapleOnceMoreCorrectHorseSta", "not random: words"},
    {"CORRECTHORSEBATTERYSTAPLEONCEMORECORRECTHORSEStA", "not random: words"},
    {"Fl\xc3\xa4tter\xc3\xbc K\xc3\xb6nig \xc3\x9c\xc3\xb6\xc3\xa4 \xc3\x9f und so weiter",
     "not random: words"},
    {"Gr\xfc\xdf dem K\xf6nig und allen anderen, die hier sind", "not random: words"},
    {"x#9$!Qz7(kL@p0&Vn^2*Wm5-Tj8+Rb3=Hd6", "make it with: openssl rand -hex 32"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "not random"},
    {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "not random"},
    {"SecRet01SecRet01SecRet01SecRet01SecRet01SecRet01", "not random"},
    {"dGhpcyBpcyBqdXN0MTIzNDU2Nzg5MDEyMzQ1Njc4", "too few bytes"},
    {HEX "0", "65 hexadecimal digits"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "not random"},
    {"8f3a1c5e7b9d02461357acef89bd0246", "32 hexadecimal digits"},
};

START_TEST(secret_text_that_is_weak_or_unclear_is_refused)
{
    struct rp_secret secret, wiped = {.has_former = false};
    struct rp_error err = {0};

    write_text(bad_texts[_i].text);
    ck_assert(!rp_secret_read(&secret, path, &err));
    ck_assert_msg(strstr(err.message, bad_texts[_i].why) != NULL, "%s", err.message);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_mem_eq(&secret, &wiped, sizeof secret);
}
END_TEST

START_TEST(secret_is_made_once_and_kept)
{
    struct rp_secret made, again;
    struct stat st;

    ck_assert(rp_secret_read_or_make(&made, path, NULL));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(st.st_size, 32);
    ck_assert(rp_secret_read_or_make(&again, path, NULL));
    ck_assert_mem_eq(made.key, again.key, sizeof made.key);
    ck_assert_int_eq(files(), 1);
}
END_TEST

START_TEST(secret_that_is_bad_is_not_replaced)
{
    struct rp_secret secret;
    struct stat st;

    write_file(5, 5, 0600);
    ck_assert(!rp_secret_read_or_make(&secret, path, NULL));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_size, 5);
}
END_TEST

START_TEST(secret_of_processes_that_start_at_once_is_one)
{
    enum { PROCESSES = 16 };
    struct rp_secret *seen = mmap(NULL, PROCESSES * sizeof *seen, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int gate[2], status;
    char byte;

    ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            close(gate[1]);
            if (read(gate[0], &byte, 1) != 0) /* all go when the parent closes its end */
                _exit(2);
            _exit(!rp_secret_read_or_make(&seen[i], path, NULL));
        }
    }
    close(gate[1]);
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    for (int i = 1; i < PROCESSES; i++)
        ck_assert_mem_eq(seen[0].key, seen[i].key, sizeof seen[0].key);
    ck_assert_int_eq(files(), 1);
    close(gate[0]);
    munmap(seen, PROCESSES * sizeof *seen);
}
END_TEST

START_TEST(secret_derives_a_key_for_each_purpose)
{
    struct rp_secret secret = {.key = {1}}, wiped = {.has_former = false};
    uint8_t a[32], b[32], c[32], d[64];

    ck_assert(rp_secret_derive(&secret, "ab", "c", 1, a, sizeof a));
    ck_assert(rp_secret_derive(&secret, "a", "bc", 2, b, sizeof b));
    ck_assert(rp_secret_derive(&secret, "ab", NULL, 0, c, sizeof c));
    ck_assert(rp_secret_derive(&secret, "ab", "c", 1, d, sizeof d));
    ck_assert_mem_ne(a, b, sizeof a);
    ck_assert_mem_ne(a, c, sizeof a);
    ck_assert_mem_eq(a, d, sizeof a);
    ck_assert(!rp_secret_derive(&secret, "a", d, 300, a, sizeof a));
    rp_secret_wipe(&secret);
    ck_assert_mem_eq(&secret, &wiped, sizeof secret);
}
END_TEST

START_TEST(secret_derives_as_rfc5869_expands)
{
    /* HKDF-Expand(PRK of its test case 1, "label\0context"), as another implementation has it. */
    struct rp_secret secret = {.key = {0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf,
                                       0x0d, 0xdc, 0x3f, 0x0d, 0xc4, 0x7b, 0xba, 0x63,
                                       0x90, 0xb6, 0xc7, 0x3b, 0xb5, 0x0f, 0x9c, 0x31,
                                       0x22, 0xec, 0x84, 0x4a, 0xd7, 0xc2, 0xb3, 0xe5}};
    static const uint8_t expected[8] = {0x52, 0x37, 0x7f, 0xf4, 0x9c, 0x8f, 0x8c, 0xf7};
    uint8_t out[8];

    ck_assert(rp_secret_derive(&secret, "label", "context", 7, out, sizeof out));
    ck_assert_mem_eq(out, expected, sizeof out);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("secret");
    TCase *t = tcase_create("secret");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, secret_file_is_read_or_refused, 0, sizeof cases / sizeof *cases);
    tcase_add_test(t, secret_of_root_may_be_read_by_its_group);
    tcase_add_test(t, secret_that_is_made_here_is_no_link);
    tcase_add_test(t, secret_is_no_directory_fifo_or_device);
    tcase_add_test(t, secret_depends_on_every_byte);
    tcase_add_loop_test(t, secret_lines_may_end_in_any_way, 0, 4);
    tcase_add_test(t, secret_may_be_two_during_a_change_over);
    tcase_add_loop_test(t, secret_as_text_is_the_bytes_it_writes, 0,
                        sizeof encoded / sizeof *encoded);
    tcase_add_loop_test(t, secret_text_that_is_weak_or_unclear_is_refused, 0,
                        sizeof bad_texts / sizeof *bad_texts);
    tcase_add_test(t, secret_is_made_once_and_kept);
    tcase_add_test(t, secret_that_is_bad_is_not_replaced);
    tcase_add_test(t, secret_of_processes_that_start_at_once_is_one);
    tcase_add_test(t, secret_derives_a_key_for_each_purpose);
    tcase_add_test(t, secret_derives_as_rfc5869_expands);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
