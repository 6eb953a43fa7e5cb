/* Describes the model of an agent and runs it on files of raw bytes.
 *
 *     cc -std=c11 -O2 -o example example.c
 *     ./example SOCKET describe | status | infer IN OUT */
#include "martlet_client.h"

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what, int error) {
    fprintf(stderr, "error: %s: %s\n", what, martlet_error_text(error));
    return 7;
}

static void print_tensor(const char *role, const martlet_tensor *tensor) {
    printf("%s %s type %d shape", role, tensor->name, tensor->type);
    for (int i = 0; i < tensor->rank; i++) printf(" %u", (unsigned)tensor->shape[i]);
    printf(" bytes %u scale %.9g zero-point %d\n", (unsigned)tensor->size_bytes,
           (double)tensor->scale, (int)tensor->zero_point);
}

static int describe(martlet_client *client) {
    static martlet_tensor tensors[32];
    martlet_description description;
    int error = martlet_describe(client, &description, tensors, 32);
    if (error != 0) return fail("describe", error);
    for (int i = 0; i < description.input_count + description.output_count; i++)
        print_tensor(i < description.input_count ? "input" : "output", &tensors[i]);
    return 0;
}

static int status(martlet_client *client) {
    char text[MARTLET_STATUS_SIZE_MAX + 1];
    int error = martlet_status(client, text, sizeof text);
    if (error != 0) return fail("status", error);
    fputs(text, stdout);
    return 0;
}

/* Runs the model on samples that lie one after the other in a file. */
static int infer_all(
    martlet_client *client, const martlet_description *sizes, FILE *source, FILE *target) {
    void *input = malloc(sizes->input_size_bytes), *output = malloc(sizes->output_size_bytes);
    int code = input != NULL && output != NULL ? 0 : 8;
    while (code == 0 && fread(input, sizes->input_size_bytes, 1, source) == 1) {
        int error = martlet_infer(
            client, input, sizes->input_size_bytes, output, sizes->output_size_bytes);
        if (error != 0) code = fail("infer", error);
        else if (fwrite(output, sizes->output_size_bytes, 1, target) != 1) code = 7;
    }
    free(input);
    free(output);
    return code;
}

static int infer(martlet_client *client, const char *from, const char *to) {
    martlet_description description;
    int error = martlet_describe(client, &description, NULL, 0);
    if (error != 0 && error != MARTLET_E_ROOM) return fail("describe", error);
    FILE *source = fopen(from, "rb");
    if (source == NULL) return fail(from, errno);
    FILE *target = fopen(to, "wb");
    int code = target != NULL ? infer_all(client, &description, source, target) : fail(to, errno);
    fclose(source);
    if (target != NULL && fclose(target) != 0) code = 7;
    return code;
}

int main(int count, char **words) {
    martlet_client client;
    if (count < 3) {
        fputs("usage: example SOCKET describe | status | infer IN OUT\n", stderr);
        return 2;
    }
    int error = martlet_connect(&client, words[1], 2000);
    if (error != 0) return fail(words[1], error);
    int code = 2;
    if (strcmp(words[2], "describe") == 0) code = describe(&client);
    else if (strcmp(words[2], "status") == 0) code = status(&client);
    else if (strcmp(words[2], "infer") == 0 && count == 5)
        code = infer(&client, words[3], words[4]);
    martlet_close(&client);
    return code;
}
