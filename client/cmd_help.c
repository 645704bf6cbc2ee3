/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/complain.h"
#include "client/text_forms.h"
#include "client/words.h"
#include "proto/model.h"

#define INDENT ((size_t)2)

static void
write_options(struct output *out, const char *heading,
              const struct arg_spec *specs)
{
    struct mp_buf label = {0};
    output_put(out, "\n");
    text_heading(out, STYLE_STRONG, span_of(heading));
    for (const struct arg_spec *spec = specs; spec->name != NULL; spec++) {
        mp_buf_clear(&label);
        words_put(&label, "--");
        words_put(&label, spec->name);
        if (spec->value != NULL) {
            words_put(&label, " ");
            words_put(&label, spec->value);
        }
        text_paragraph(out, INDENT, STYLE_PLAIN, mp_buf_span(&label));
        text_paragraph(out, 4 * INDENT, STYLE_PLAIN, span_of(spec->help));
    }
    mp_buf_deinit(&label);
}

static void
write_types(struct output *out)
{
    output_put(out, "\n");
    text_heading(out, STYLE_STRONG, span_of("Types"));
    for (size_t i = 0; i < MODEL_TYPE_COUNT; i++)
        text_labelled(out, INDENT, model_types[i].name,
                      span_of(model_types[i].effect));
}

static void
write_usage(struct output *out, const struct command *command)
{
    output_put(out, "Usage: entente ");
    output_put(out, command->name);
    if (command->specs != NULL)
        output_put(out, " [OPTION...]");
    if (command->operands[0] != '\0')
        output_put(out, " ");
    output_put(out, command->operands);
    output_put(out, "\n\n");
}

static void
write_command(struct output *out, const struct command *command)
{
    write_usage(out, command);
    text_paragraph(out, 0, STYLE_PLAIN, span_of(command->summary));
    if (command->notes != NULL) {
        output_put(out, "\n");
        text_paragraph(out, 0, STYLE_PLAIN, span_of(command->notes));
    }
    if (command->specs != NULL)
        write_options(out, "Options", command->specs);
    if (command == &command_append)
        write_types(out);
    write_options(out, "Options of every command", command_globals);
}

static void
write_overview(struct output *out)
{
    output_put(out, "Usage: entente [OPTION...] COMMAND ...\n\n");
    text_paragraph(out, 0, STYLE_PLAIN,
                   span_of("An event log of partnerships: what happened, when "
                           "it became public, and what it adds up to."));
    output_put(out, "\n");
    text_heading(out, STYLE_STRONG, span_of("Commands"));
    for (const struct command *const *at = commands; *at != NULL; at++)
        text_labelled(out, INDENT, (*at)->name, span_of((*at)->summary));
    write_options(out, "Options", command_globals);
    output_put(out, "\n");
    text_paragraph(
        out, 0, STYLE_PLAIN,
        span_of("A DATE is EDTF: 2017, 2017-08, 2017-08-11, 2017-22 (summer), "
                "2017-08/2018-02, 2017~ (about); or today, yesterday, now. It "
                "stands for its end where a question is asked with it."));
    output_put(out, "\n");
    text_paragraph(
        out, 0, STYLE_PLAIN,
        span_of("Exit status: 0 done, 1 refused or stopped half way, 2 wrong "
                "usage, 3 no connection, 4 not found, 130 interrupted."));
}

static enum client_status
run(struct client *client, const struct args *args)
{
    if (args->operand_count == 0) {
        write_overview(&client->out);
        return CLIENT_DONE;
    }
    const struct command *command = command_find(args->operands[0]);
    if (command == NULL) {
        const char *nearest = command_nearest(args->operands[0]);
        complain("no command %s%s%s%s", args->operands[0],
                 nearest != NULL ? "; did you mean " : "",
                 nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
        return CLIENT_USAGE;
    }
    write_command(&client->out, command);
    return CLIENT_DONE;
}

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .operand_max = 1,
    .summary = "what the commands do",
    .piped = &format_text,
    .run = run,
};
