/* SPDX-License-Identifier: MIT
 *
 * cpu_quota.c - the CPU limit of a control group, from the texts that the kernel shows. */
#include "worker/plan/cpu_quota.h"
#include "tests/unit/unit.h"

#include <string.h>

#define V2 "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1                                                                                         \
    "33 32 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"                            \
    "34 32 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"                            \
    "35 32 0:32 / /sys/fs/cgroup/cpu,cpuacct rw shared:14 - cgroup cgroup rw,cpu,cpuacct\n"
#define OTHER                                                                                      \
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n23 27 0:22 / /sys rw - sysfs sysfs rw\n"

struct file {
    const char *path, *text;
};

static const struct example {
    const char *what, *cgroup, *mountinfo;
    struct file files[5];
    uint64_t limit;
} examples[] = {
    {"v2, a service",
     "0::/system.slice/reprise.service\n",
     OTHER V2,
     {{"/sys/fs/cgroup/system.slice/reprise.service/cpu.max", "150000 100000\n"}},
     1500},
    {"v2, no limit", "0::/a\n", V2, {{"/sys/fs/cgroup/a/cpu.max", "max 100000\n"}}, 0},
    {"v2, a parent has the limit",
     "0::/a/b/c\n",
     V2,
     {{"/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"},
      {"/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n"},
      {"/sys/fs/cgroup/a/cpu.max", "200000 100000\n"}},
     2000},
    {"v2, a container with a namespace of its own",
     "0::/\n",
     "900 800 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
     {{"/sys/fs/cgroup/cpu.max", "50000 100000\n"}},
     500},
    {"v2, a container with the host's namespace",
     "0::/docker/abc\n",
     "900 800 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
     {{"/sys/fs/cgroup/cpu.max", "400000 100000\n"}},
     4000},
    {"v2, a group below that of the container",
     "0::/docker/abc/inner\n",
     "900 800 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
     {{"/sys/fs/cgroup/inner/cpu.max", "100000 100000\n"},
      {"/sys/fs/cgroup/cpu.max", "400000 100000\n"}},
     1000},
    {"v2, a group that only begins like the mounted one",
     "0::/docker/abcdef\n",
     "900 800 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
     {{"/sys/fs/cgroup/cpu.max", "400000 100000\n"}, {"/sys/fs/cgroupdef/cpu.max", "1 100000\n"}},
     4000},
    {"v2, a group outside of the namespace",
     "0::/../other\n",
     V2,
     {{"/sys/fs/cgroup/../other/cpu.max", "1 100000\n"}},
     0},
    {"v2, a directory with a space",
     "0::/a\n",
     "30 24 0:26 / /my\\040cgroup rw - cgroup2 cgroup2 rw\n",
     {{"/my cgroup/a/cpu.max", "100000 50000\n"}},
     2000},
    {"v1",
     "5:cpuset:/x\n4:cpu,cpuacct:/docker/abc\n3:memory:/y\n",
     OTHER V1,
     {{"/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n"}},
     2500},
    {"v1, no limit",
     "4:cpu,cpuacct:/\n",
     V1,
     {{"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}},
     0},
    {"v1 beside v2 without the controller",
     "4:cpu,cpuacct:/a\n0::/a\n",
     V1 V2,
     {{"/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "100000\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"}},
     1000},
    {"less than a thousandth", "0::/a\n", V2, {{"/sys/fs/cgroup/a/cpu.max", "1 1000000\n"}}, 1},
    {"no groups", "", OTHER, {{0}}, 0},
    {"no mounts", "0::/a\n", "", {{0}}, 0},
    {"malformed",
     "0\n::\n0:\n4:cpu\n0::/a\n",
     "- cgroup2\n1 2 - cgroup2 x y\n" V2,
     {{"/sys/fs/cgroup/a/cpu.max", "many\n"}},
     0},
    {"negative", "0::/a\n", V2, {{"/sys/fs/cgroup/a/cpu.max", "-5 100000\n"}}, 0},
    {"a period of zero", "0::/a\n", V2, {{"/sys/fs/cgroup/a/cpu.max", "100000 0\n"}}, 0},
};

static bool read_example(const char *path, char text[CPU_QUOTA_TEXT], void *arg)
{
    const struct file *files = arg;

    for (size_t i = 0; i < 5 && files[i].path != NULL; i++)
        if (strcmp(files[i].path, path) == 0) {
            strcpy(text, files[i].text);
            return true;
        }
    return false;
}

START_TEST(limit_is_the_smallest_of_the_group_and_its_parents)
{
    const struct example *e = &examples[_i];
    struct cpu_quota_source source = {.cgroup = e->cgroup,
                                      .mountinfo = e->mountinfo,
                                      .read = read_example,
                                      .arg = (void *)(uintptr_t)e->files};
    uint64_t limit = cpu_quota_read(&source);

    ck_assert_msg(limit == e->limit, "%s: %llu", e->what, (unsigned long long)limit);
}
END_TEST

START_TEST(workers_are_as_many_as_the_limit_allows)
{
    ck_assert_uint_eq(cpu_quota_workers(8, 0), 8);
    ck_assert_uint_eq(cpu_quota_workers(8, 1), 1);
    ck_assert_uint_eq(cpu_quota_workers(8, 500), 1);
    ck_assert_uint_eq(cpu_quota_workers(8, 1000), 1);
    ck_assert_uint_eq(cpu_quota_workers(8, 1500), 2);
    ck_assert_uint_eq(cpu_quota_workers(8, 8000), 8);
    ck_assert_uint_eq(cpu_quota_workers(8, 64000), 8);
    ck_assert_uint_eq(cpu_quota_workers(2, UINT64_MAX / 2), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpu_quota");
    TCase *core = tcase_create("core");

    tcase_add_loop_test(core, limit_is_the_smallest_of_the_group_and_its_parents, 0,
                        sizeof examples / sizeof *examples);
    tcase_add_test(core, workers_are_as_many_as_the_limit_allows);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
