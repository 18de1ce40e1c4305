/* The one program that every manager keeps in the benchmark.
 *
 *   workload [-d PIDFILE] quiet FIFO NAME               say "started", then wait for signals
 *   workload [-d PIDFILE] tick  FIFO NAME MICROSECONDS  the same, and write a numbered line each time
 *   workload [-d PIDFILE] loud  FIFO NAME BYTES CHUNK   the same; after SIGUSR1, write numbered lines
 *                                                       as fast as it can
 *
 * What it says goes into FIFO as one line: what, name, CLOCK_MONOTONIC in ns, pid, lines written.
 * -d makes a daemon of it, for managers that only watch pid files.
 * SIGUSR1 ends the ticking, too, and it says "counted"; SIGUSR2 ends the program with status 7.
 * Lines have 100 bytes: ten digits (the pid when ticking, else 0), 89 digits (the number), a line end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 100 };

static const char *fifo, *name;
static volatile sig_atomic_t told;

static void say(const char *what, long long lines) {
    struct timespec now;
    char text[256];
    clock_gettime(CLOCK_MONOTONIC, &now);
    int size = snprintf(text, sizeof text, "%s %s %lld %d %lld\n", what, name,
                        now.tv_sec * 1000000000LL + now.tv_nsec, (int)getpid(), lines);
    /* a writer without a reader would wait for ever: with O_NONBLOCK it fails instead */
    int fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || write(fd, text, size) != size) _exit(99);
    close(fd);
}

static void number(char *line, long long value) {
    memset(line, '0', LINE - 1);
    line[LINE - 1] = '\n';
    for (int at = LINE - 2; value; at--, value /= 10) line[at] += value % 10;
}

static void become_daemon(const char *path) {
    if (fork()) _exit(0);
    setsid();
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    FILE *file = fopen(path, "w");
    if (!file) _exit(98);
    fprintf(file, "%d\n", (int)getpid());
    fclose(file);
}

static void tell(int signal) { told = signal; }
static void fail(int signal) { (void)signal; _exit(7); }

static void tick(long microseconds) {
    struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
    char line[LINE];
    long long lines = 0;
    char id[11];
    snprintf(id, sizeof id, "%010d", (int)getpid());
    while (!told) {
        number(line, lines++);
        memcpy(line, id, 10);
        (void)!write(1, line, LINE); /* a line that could not be written is a lost line */
        nanosleep(&pause, NULL);
    }
    say("counted", lines);
}

static void loud(long long bytes, long chunk) {
    sigset_t usr1, before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, &before);
    while (!told) sigsuspend(&before);
    char *all = malloc(bytes);
    if (!all) _exit(97);
    for (long long at = 0; at + LINE <= bytes; at += LINE) number(all + at, at / LINE);
    say("began", 0);
    for (long long at = 0; at < bytes;) {
        long long piece = bytes - at < chunk ? bytes - at : chunk;
        ssize_t wrote = write(1, all + at, piece);
        if (wrote < 0 && errno != EINTR) _exit(96);
        if (wrote > 0) at += wrote;
    }
    say("ended", bytes / LINE);
    free(all);
}

int main(int count, char **args) {
    if (count > 2 && !strcmp(args[1], "-d")) {
        become_daemon(args[2]);
        args += 2, count -= 2;
    }
    if (count < 4) return 2;
    fifo = args[2], name = args[3];
    signal(SIGUSR1, tell);
    signal(SIGUSR2, fail);
    say("started", 0);
    if (!strcmp(args[1], "tick") && count > 4) tick(atol(args[4]));
    if (!strcmp(args[1], "loud") && count > 5) loud(atoll(args[4]), atol(args[5]));
    for (;;) pause();
}
