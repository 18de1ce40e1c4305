/* The least that must be done: bare loops over system calls, to compare every manager with.
 *
 *   floor spawn COUNT WORKLOAD FIFO       start COUNT quiet workloads, one after the other
 *   floor respawn WORKLOAD FIFO           start one again whenever it dies
 *   floor splice                          move a pipe into a file with splice(2)
 *   floor watch PID...                    read /proc/PID/stat and open a pidfd of each; then print "done"
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static pid_t start(char *workload, char *fifo, int number) {
    char name[16];
    pid_t pid;
    snprintf(name, sizeof name, "s%04d", number);
    char *args[] = {workload, "quiet", fifo, name, NULL};
    if (posix_spawn(&pid, workload, NULL, NULL, args, environ)) exit(1);
    return pid;
}

static int splice_all(void) {
    while (splice(0, NULL, 1, NULL, 1 << 20, SPLICE_F_MOVE) > 0) {
    }
    return 0;
}

static int watch(int count, char **pids) {
    char text[512];
    for (int each = 0; each < count; each++) {
        snprintf(text, sizeof text, "/proc/%s/stat", pids[each]);
        int file = open(text, O_RDONLY);
        if (file < 0 || read(file, text, sizeof text) <= 0) return 1;
        close(file);
        if (syscall(SYS_pidfd_open, atoi(pids[each]), 0) < 0) return 1;
    }
    puts("done");
    fflush(stdout);
    for (;;) pause();
}

int main(int count, char **args) {
    if (count > 4 && !strcmp(args[1], "spawn")) {
        for (int each = 0; each < atoi(args[2]); each++) start(args[3], args[4], each);
        for (;;) pause();
    }
    if (count > 3 && !strcmp(args[1], "respawn"))
        for (;;) waitpid(start(args[2], args[3], 0), NULL, 0);
    if (count > 1 && !strcmp(args[1], "splice")) return splice_all();
    if (count > 2 && !strcmp(args[1], "watch")) return watch(count - 2, args + 2);
    return 2;
}
