/* SPDX-License-Identifier: MIT */
#include "proto/event_parts.h"

#define MILLION 1000000u
/* The first number with more than MODEL_AMOUNT_DIGITS_MAX digits. */
#define WHOLE_END UINT64_C(1000000000000000)

/* Take digits off the front; how many. */
static size_t
take_digits(struct span *text, uint64_t *number)
{
    size_t count = 0;
    while (count < text->size && text->data[count] >= '0' &&
           text->data[count] <= '9' && count <= MODEL_AMOUNT_DIGITS_MAX) {
        *number = *number * 10 + (uint64_t)(text->data[count] - '0');
        count++;
    }
    text->data += count;
    text->size -= count;
    return count;
}

static bool
take_byte(struct span *text, char byte)
{
    if (text->size == 0 || text->data[0] != (uint8_t)byte)
        return false;
    text->data++;
    text->size--;
    return true;
}

/* -?[0-9]{1,15}(\.[0-9]{1,6})? */
static bool
money_parse(struct span text, event_money *money_out)
{
    uint64_t whole = 0, decimals = 0;
    bool negative = take_byte(&text, '-');
    size_t count = take_digits(&text, &whole);
    if (count == 0 || count > MODEL_AMOUNT_DIGITS_MAX)
        return false;
    if (take_byte(&text, '.')) {
        count = take_digits(&text, &decimals);
        if (count == 0 || count > MODEL_AMOUNT_DECIMALS_MAX)
            return false;
        for (; count < MODEL_AMOUNT_DECIMALS_MAX; count++)
            decimals *= 10;
    }
    event_money money = (event_money)whole * MILLION + (event_money)decimals;
    *money_out = negative ? -money : money;
    return text.size == 0;
}

bool
event_money_read(const struct mp_token *token, event_money *money_out)
{
    if (token->kind == MP_STR)
        return money_parse(token->body, money_out);
    if (token->kind != MP_INT || token->magnitude >= WHOLE_END)
        return false;
    event_money money = (event_money)token->magnitude * MILLION;
    *money_out = token->negative ? -money : money;
    return true;
}

size_t
event_money_format(event_money millionths, char text[EVENT_MONEY_SIZE])
{
    /* The digits from behind; the smallest number has no positive twin. */
    unsigned __int128 rest = millionths < 0 ? 0 - (unsigned __int128)millionths
                                            : (unsigned __int128)millionths;
    char digits[EVENT_MONEY_SIZE];
    char *end = digits + sizeof(digits);
    char *at = end;
    for (unsigned place = 0; place <= MODEL_AMOUNT_DECIMALS_MAX || rest > 0;
         place++) {
        char digit = (char)('0' + (int)(rest % 10));
        rest /= 10;
        if (place == MODEL_AMOUNT_DECIMALS_MAX && at != end)
            *--at = '.';
        if (place >= MODEL_AMOUNT_DECIMALS_MAX || at != end || digit != '0')
            *--at = digit; /* no zeros at the end of the decimals */
    }
    if (millionths < 0)
        *--at = '-';
    size_t size = (size_t)(end - at);
    memcpy(text, at, size);
    text[size] = '\0';
    return size;
}
