/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/fail.h"
#include "tests/bench/series.h"

#define START_SECONDS_MAX 120
#define RETRY_US 500 /* between attempts to connect */
#define EXIT_NO_PROGRAM 127
#define TEXT_SIZE ((size_t)8192)
#define BLOCK_SIZE 512 /* of st_blocks, whatever the file system's */
#define KIB_PER_MIB 1024.0
#define DEPTH_MAX 16 /* of descriptors that nftw may hold */

void
server_init(void)
{
    /* The workers of a server that was killed are waited for, too. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        fail("prctl: %s", strerror(errno));
}

/* --- preparing ------------------------------------------------------------*/

static int
free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        fail("no free port: %s", strerror(errno));
    close(fd);
    return ntohs(address.sin_port);
}

/* What prepare prints, as one text; NULL where it fails. */
static char *
prepared_text(const char *name, const char *data)
{
    char command[3 * SERVER_PATH_SIZE], *text = calloc(1, TEXT_SIZE);
    const char *program = getenv("BENCH_PREPARE");
    snprintf(command, sizeof(command), "%s %s %s %s.socket %d",
             program == NULL ? "tests/bench/peers/prepare" : program, name,
             data, data, free_port());
    FILE *file = popen(command, "re"); // NOLINT(cert-env33-c)
    if (file == NULL || text == NULL)
        fail("popen: %s", strerror(errno));
    size_t size = fread(text, 1, TEXT_SIZE - 1, file);
    text[size] = '\0';
    if (pclose(file) == 0)
        return text;
    free(text);
    return NULL;
}

bool
server_prepare(struct server *server, const char *name,
               const struct dialect *dialect, const char *scratch)
{
    char *rest = NULL;
    *server = (struct server){.name = name, .dialect = dialect};
    int size = snprintf(server->data, SERVER_PATH_SIZE, "%s/%s", scratch, name);
    if (size < 0 || (size_t)size >= SERVER_PATH_SIZE)
        fail("%s is too long a directory; set BENCH_DIR", scratch);
    if (mkdir(server->data, 0755) != 0)
        fail("%s: %s", server->data, strerror(errno));
    server->text = prepared_text(name, server->data);
    if (server->text == NULL) {
        rmdir(server->data);
        return false;
    }
    server->address = strtok_r(server->text, "\n", &rest);
    const char *stop = strtok_r(NULL, "\n", &rest);
    server->stop_signal =
        stop != NULL && strcmp(stop, "INT") == 0 ? SIGINT : SIGTERM;
    /* An empty line is an empty word, which strtok_r would swallow. */
    for (size_t i = 0; rest != NULL && *rest != '\0'; i++) {
        if (i == SERVER_WORDS_MAX)
            fail("%s: too long a command", name);
        server->words[i] = strsep(&rest, "\n");
    }
    return true;
}

static int
remove_one(const char *path, const struct stat *stat, int kind,
           struct FTW *place)
{
    (void)stat;
    (void)kind;
    (void)place;
    return remove(path);
}

void
server_remove(struct server *server)
{
    static const char *const suffixes[] = {"", ".socket", ".conf", ".lua",
                                           ".log"};
    char path[SERVER_PATH_SIZE + sizeof(".socket")];
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", server->data, suffixes[i]);
        (void)nftw(path, remove_one, DEPTH_MAX, FTW_DEPTH | FTW_PHYS);
    }
    free(server->text);
    *server = (struct server){0};
}

/* --- running --------------------------------------------------------------*/

static _Noreturn void
child_run(const struct server *server)
{
    char path[SERVER_PATH_SIZE + sizeof(".log")];
    snprintf(path, sizeof(path), "%s.log", server->data);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fd >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
        dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0)
        execvp(server->words[0], server->words);
    _exit(EXIT_NO_PROGRAM);
}

/* Whether it answers: a ping, or with an event. */
static bool
answers(const struct server *server, uint64_t n)
{
    struct wire wire;
    struct request request = {.ask = n > 0 ? ASK_AT : ASK_PING, .n = n};
    uint64_t rows = 0;
    if (wire_open(&wire, server->address) != 0)
        return false;
    bool well = server->dialect->greet == NULL || server->dialect->greet(&wire);
    if (well)
        server->dialect->put(&wire, &request);
    well = well && wire_flush(&wire);
    while (well) {
        enum taken taken = server->dialect->take(&wire, &request, &rows);
        if (taken == TAKEN_ANSWER)
            break;
        if (taken == TAKEN_NOTHING)
            well = wire_fill(&wire, true);
    }
    wire_close(&wire);
    return well;
}

double
server_start(struct server *server, uint64_t n)
{
    int status;
    double start = clock_us();
    fflush(stdout);
    server->pid = fork();
    if (server->pid < 0)
        fail("fork: %s", strerror(errno));
    if (server->pid == 0)
        child_run(server);
    while (!answers(server, n)) {
        if (waitpid(server->pid, &status, WNOHANG) == server->pid)
            fail("%s ended before it answered; see %s.log", server->name,
                 server->data);
        if (clock_us() - start > START_SECONDS_MAX * 1e6)
            fail("%s does not answer", server->name);
        (void)usleep(RETRY_US);
    }
    return (clock_us() - start) / 1e3;
}

/* Waits for it and for what it leaves behind. */
static void
end(struct server *server, int signal)
{
    if (kill(server->pid, signal) != 0)
        fail("kill: %s", strerror(errno));
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    server->pid = 0;
}

void
server_stop(struct server *server)
{
    end(server, server->stop_signal);
}

void
server_kill(struct server *server)
{
    end(server, SIGKILL);
}

void
server_create(const struct server *server)
{
    struct wire wire;
    const struct dialect *dialect = server->dialect;
    if (dialect->create == NULL)
        return;
    if (wire_open(&wire, server->address) != 0 ||
        (dialect->greet != NULL && !dialect->greet(&wire)))
        fail("%s: does not greet", server->name);
    dialect->create(&wire);
    wire_close(&wire);
}

/* --- what it takes --------------------------------------------------------*/

double
server_cpu(const struct server *server)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(server->pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        fail("%s: no processor clock", server->name);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static double
own_memory(long pid)
{
    char text[128];
    double kib = 0;
    snprintf(text, sizeof(text), "/proc/%ld/status", pid);
    FILE *file = fopen(text, "re");
    while (file != NULL && fgets(text, sizeof(text), file) != NULL) {
        if (strncmp(text, "RssAnon:", strlen("RssAnon:")) == 0)
            kib = strtod(text + strlen("RssAnon:"), NULL);
    }
    if (file != NULL)
        fclose(file);
    return kib / KIB_PER_MIB;
}

double
server_memory(const struct server *server)
{
    char text[4096], *rest = text;
    double mib = own_memory(server->pid);
    snprintf(text, sizeof(text), "/proc/%d/task/%d/children", (int)server->pid,
             (int)server->pid);
    FILE *file = fopen(text, "re");
    if (file == NULL)
        return mib;
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    text[size] = '\0';
    fclose(file);
    for (long pid; (pid = strtol(rest, &rest, 10)) > 0;)
        mib += own_memory(pid);
    return mib;
}

static double disk_sum; /* nftw passes nothing on */

static int
add_one(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
    (void)path;
    (void)place;
    if (kind == FTW_F || kind == FTW_D)
        disk_sum += (double)stat->st_blocks * BLOCK_SIZE;
    return 0;
}

double
server_disk(const struct server *server, const char *below)
{
    char path[2 * SERVER_PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", server->data, below);
    disk_sum = 0;
    if (nftw(path, add_one, DEPTH_MAX, FTW_PHYS) != 0)
        fail("%s: %s", path, strerror(errno));
    return disk_sum;
}
