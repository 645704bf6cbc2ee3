/* SPDX-License-Identifier: MIT */
#include "daemon/portfolio.h"

#include <string.h>

#include "daemon/state_put.h"

static void
set_slug(struct portfolio *portfolio, struct span slug)
{
    portfolio->slug_size = slug.size;
    if (slug.size > 0)
        memcpy(portfolio->slug, slug.data, slug.size);
}

static struct span
slug_of(const struct portfolio *portfolio)
{
    return (struct span){portfolio->slug, portfolio->slug_size};
}

void
portfolio_init(struct portfolio *portfolio, const struct asof *asof,
               uint32_t party, struct span after)
{
    *portfolio = (struct portfolio){.asof = *asof, .party = party};
    set_slug(portfolio, after);
}

void
portfolio_deinit(struct portfolio *portfolio)
{
    if (portfolio->folding_begun)
        folding_deinit(&portfolio->folding);
    portfolio->folding_begun = false;
}

/* VIEWS_ABSENT where there are no more; `name` is that of the one begun. */
static enum views_result
begin_next(struct portfolio *portfolio, struct views_reader *views,
           struct views_name *name)
{
    struct span slug;
    enum views_result result =
        portfolio->party != 0
            ? views_next_membership(views, portfolio->party, slug_of(portfolio),
                                    &slug, name)
            : views_next_partnership(views, slug_of(portfolio), &slug, name);
    if (result != VIEWS_OK)
        return result;
    set_slug(portfolio, slug);
    folding_init(&portfolio->folding, name->number, &portfolio->asof);
    portfolio->folding.party =
        portfolio->party_totals != NULL ? portfolio->party : 0;
    portfolio->folding.party_fold = portfolio->party_totals;
    portfolio->folding_begun = true;
    return VIEWS_OK;
}

static bool
belongs(const struct portfolio *portfolio)
{
    const struct fold *fold = &portfolio->folding.fold;
    uint32_t unused;
    if (portfolio->party == 0)
        return fold->events > 0;
    return number_map_find(&fold->party_index, portfolio->party, &unused);
}

static bool
is_damaged(const struct portfolio *portfolio, const struct views_name *name)
{
    return name->damaged != 0 && name->damaged <= portfolio->asof.seq;
}

enum portfolio_result
portfolio_next(struct portfolio *portfolio, struct service *service,
               struct job_slice *slice, uint64_t *corrupt,
               enum views_result *failure)
{
    bool found =
        portfolio->folding_begun && portfolio->folding.phase == FOLDING_DONE;
    if (found)
        portfolio_deinit(portfolio); /* the one that was returned */
    for (;;) {
        struct views_name name = {0};
        *failure = VIEWS_OK;
        if (!portfolio->folding_begun)
            *failure = begin_next(portfolio, service->views_reader, &name);
        if (*failure == VIEWS_ABSENT)
            return PORTFOLIO_END;
        if (*failure == VIEWS_OK && is_damaged(portfolio, &name)) {
            *corrupt = name.damaged;
            portfolio_deinit(portfolio);
            return PORTFOLIO_CORRUPT;
        }
        if (*failure == VIEWS_OK)
            *failure = folding_walk(&portfolio->folding, service, slice);
        if (*failure == VIEWS_OK)
            return PORTFOLIO_AGAIN;
        if (*failure != VIEWS_ABSENT)
            return PORTFOLIO_FAILED;
        if (belongs(portfolio))
            return PORTFOLIO_ROW;
        portfolio_deinit(portfolio);
        if (job_slice_over(slice))
            return PORTFOLIO_AGAIN;
    }
}

bool
portfolio_put_row(struct mp_buf *buf, const struct portfolio *portfolio,
                  struct service *service, uint64_t *corrupt)
{
    const struct folding *folding = &portfolio->folding;
    const struct fold *fold = &folding->fold;
    struct span last;
    *corrupt = fold->last;
    if (log_read(service->log_reader, fold->last, &last) != LOG_OK)
        return false;
    mp_put_map(buf, 8);
    mp_put_text(buf, "partnership");
    mp_put_str(buf, slug_of(portfolio));
    mp_put_text(buf, "stage");
    mp_put_text(buf, fold_stage(fold, folding->asof.at));
    mp_put_text(buf, "disputed");
    mp_put_bool(buf, fold->disputes.count > 0);
    mp_put_text(buf, "events");
    mp_put_uint(buf, fold->events);
    mp_put_text(buf, "last");
    mp_put_str(buf, mp_get_str(last, "id"));
    mp_put_text(buf, "agreements");
    mp_put_uint(buf, fold_in_force(fold, folding->asof.at));
    mp_put_text(buf, "offers");
    mp_put_uint(buf, fold->offers.count);
    mp_put_text(buf, "totals");
    state_put_totals(buf, fold);
    return true;
}
