/* SPDX-License-Identifier: MIT */
#include "tests/bench/report.h"

#define TEXT_SIZE 32

/* 999, 1 k, 250 k, 1 M: the sizes are round. */
static void
format_size(uint64_t size, char text[TEXT_SIZE])
{
    unsigned long long number = size;
    if (number == 0)
        text[0] = '\0';
    else if (number >= 1000000 && number % 1000000 == 0)
        snprintf(text, TEXT_SIZE, "%llu M", number / 1000000);
    else if (number >= 1000 && number % 1000 == 0)
        snprintf(text, TEXT_SIZE, "%llu k", number / 1000);
    else
        snprintf(text, TEXT_SIZE, "%llu", number);
}

/* Three digits at least, none after the point where there are more. */
static void
format_value(double value, char text[TEXT_SIZE])
{
    int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    snprintf(text, TEXT_SIZE, "%.*f", decimals, value);
}

/* How many times its base it is; nothing where there is none. */
static void
format_ratio(const struct report_value *pair, char ratio[TEXT_SIZE])
{
    ratio[0] = '\0';
    if (pair->base > 0)
        snprintf(ratio, TEXT_SIZE, "%.2f", pair->value / pair->base);
}

void
report_head(struct report *report)
{
    printf("%-9s %-38s %6s %9s %-8s %7s %9s %7s  %s\n", "group", "what", "size",
           "value/p50", "unit", "ratio", "p99", "ratio", "remark");
    if (report->tabs != NULL)
        fputs("group\twhat\tsize\tvalue\tunit\tratio\tp99\tp99_ratio\t"
              "remark\n",
              report->tabs);
}

void
report_add(struct report *report, const struct report_row *row)
{
    char size[TEXT_SIZE], value[TEXT_SIZE], ratio[TEXT_SIZE];
    char p99[TEXT_SIZE] = "", p99_ratio[TEXT_SIZE];
    const char *remark = row->remark == NULL ? "" : row->remark;
    format_size(row->size, size);
    format_value(row->value.value, value);
    format_ratio(&row->value, ratio);
    if (row->p99.value > 0)
        format_value(row->p99.value, p99);
    format_ratio(&row->p99, p99_ratio);
    printf("%-9s %-38s %6s %9s %-8s %7s %9s %7s  %s\n", row->group, row->what,
           size, value, row->unit, ratio, p99, p99_ratio, remark);
    fflush(stdout);
    if (report->tabs != NULL)
        fprintf(report->tabs, "%s\t%s\t%llu\t%s\t%s\t%s\t%s\t%s\t%s\n",
                row->group, row->what, (unsigned long long)row->size, value,
                row->unit, ratio, p99, p99_ratio, remark);
}
