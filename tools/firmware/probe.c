/* Runs inside an image under test and tells the console what it finds:
 *
 *     probe: output N HEX        the model's answer to sample N, for every sample
 *     probe: outputs COUNT       all were asked
 *     probe: acknowledged N      once a second: the reports that the collector has, and
 *     probe: waiting N           those that still wait in the spool
 *     probe: slot STATUS         what the command in /etc/martlet/slot-command ended with
 *
 *     usage: probe SOCKET SAMPLES AGENT [QUIET]
 * SAMPLES holds inputs one after the other. /etc/martlet/slot-command, if there, holds the words
 * for `AGENT slot`, such as "try B"; the test writes it to the image's config partition. With
 * QUIET the samples are not asked. Never ends, so that init has nothing to start again. */
#include "martlet_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static void print_value(const char *status, const char *key, const char *word) {
    const char *line = strstr(status, key);
    if (line == NULL) return;
    int size = (int)strspn(line + strlen(key), "0123456789");
    printf("probe: %s %.*s\n", word, size, line + strlen(key));
}

static int ask_all(martlet_client *client, const char *path) {
    static unsigned char input[65536], output[4096];
    martlet_description sizes;
    int error = martlet_describe(client, &sizes, NULL, 0);
    if (error != 0 && error != MARTLET_E_ROOM) return error;
    FILE *samples = fopen(path, "rb");
    if (samples == NULL || sizes.input_size_bytes > sizeof input ||
        sizes.output_size_bytes > sizeof output)
        return MARTLET_E_ARGUMENT;
    int count = 0;
    for (; fread(input, sizes.input_size_bytes, 1, samples) == 1; count++) {
        error = martlet_infer(
            client, input, sizes.input_size_bytes, output, sizes.output_size_bytes);
        if (error != 0) break;
        printf("probe: output %d ", count);
        for (uint32_t i = 0; i < sizes.output_size_bytes; i++) printf("%02x", output[i]);
        putchar('\n');
    }
    fclose(samples);
    if (error == 0) printf("probe: outputs %d\n", count);
    return error;
}

/* Runs `AGENT slot WORDS` with the words of a file. */
static void run_slot_command(char *agent) {
    char text[64] = "", *words[8] = {agent, "slot"};
    FILE *file = fopen("/etc/martlet/slot-command", "r");
    if (file == NULL) return;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    int count = 2;
    for (char *word = strtok(text, " \n"); word != NULL && count < 7; word = strtok(NULL, " \n"))
        words[count++] = word;
    pid_t child = fork();
    if (child == 0) {
        execv(agent, words);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    printf("probe: slot %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

int main(int count, char **words) {
    if (count < 4) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    martlet_client client;
    while (martlet_connect(&client, words[1], 2000) != 0) usleep(50000);
    int error = count > 4 ? 0 : ask_all(&client, words[2]);
    if (error != 0) printf("probe: failed: %s\n", martlet_error_text(error));
    run_slot_command(words[3]);
    for (;;) {
        char status[MARTLET_STATUS_SIZE_MAX + 1];
        if (martlet_status(&client, status, sizeof status) == 0) {
            print_value(status, "\"acknowledged-sequence\":", "acknowledged");
            print_value(status, "\"spool-reports\":", "waiting");
        } else {
            martlet_close(&client);
            (void)martlet_connect(&client, words[1], 2000);
        }
        sleep(1);
    }
}
