/* SPDX-License-Identifier: MIT */
/* The lists of entente-events(7). */
#include <stdio.h>

#include "proto/manual/page.h"
#include "proto/model.h"

static void
print_fields(void)
{
    puts(".Bl -tag -width disclosed_by");
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++) {
        const struct model_field_info *field = &model_fields[i];
        printf(".It Cm %s%s\n", field->key, field->needed ? " Pq needed" : "");
        page_text(field->help);
    }
    puts(".El");
}

static void
print_types(void)
{
    puts(".Bl -tag -width court_revelation");
    for (size_t i = 0; i < MODEL_TYPE_COUNT; i++) {
        const struct model_type_info *type = &model_types[i];
        printf(".It Cm %s%s\n", type->name,
               type->re_needed ? " Pq needs Cm re" : "");
        page_text(type->effect);
    }
    puts(".El");
}

static void
print_names(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf(".Cm %s%s\n", names[i], i + 1 < count ? " ," : " .");
}

static void
print_kinds(void)
{
    print_names(model_amount_kinds, MODEL_AMOUNT_KIND_COUNT);
}

static void
print_certainties(void)
{
    print_names(model_certainties, MODEL_CERTAINTY_COUNT);
}

static void
print_limits(void)
{
    puts(".Bl -tag -width \"events in one append\" -compact");
    printf(".It an event\n%zu bytes, %u deep\n", MODEL_EVENT_SIZE_MAX,
           MODEL_DEPTH_MAX);
    printf(".It events in one append\n%u\n", MODEL_BATCH_MAX);
    printf(".It Cm id , partnership ,\n%zu bytes\n", MODEL_ID_SIZE_MAX);
    printf(".It Cm title\n%zu bytes\n", MODEL_TITLE_SIZE_MAX);
    printf(".It Cm summary\n%zu bytes\n", MODEL_SUMMARY_SIZE_MAX);
    printf(".It any other text\n%zu bytes\n", MODEL_TEXT_SIZE_MAX);
    printf(".It Cm parties , people , sources\n%u each\n", MODEL_PARTIES_MAX);
    puts(".El");
}

static void
print_errors(void)
{
    puts(".Bl -tag -width unknown_reference");
    for (size_t i = 0; i < MODEL_ERROR_COUNT; i++)
        page_item("Er", model_errors[i].code, model_errors[i].remedy);
    puts(".El");
}

int
main(void)
{
    static const struct page_part parts[] = {
        {"fields", print_fields},
        {"types", print_types},
        {"kinds", print_kinds},
        {"certainties", print_certainties},
        {"limits", print_limits},
        {"errors", print_errors},
        {NULL, NULL},
    };
    return page_fill(parts);
}
