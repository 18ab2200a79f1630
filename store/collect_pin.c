/* SPDX-License-Identifier: ISC
 *
 * collect_pin.c - what is being read is not garbage.
 *
 * The pins form a list through their owners' structs, so that pinning takes no memory and cannot
 * fail.
 *   (1) *pin->at is the pointer that leads to the pin.
 */
#include "bough/collect.h"
#include "store_internal.h"

/* Puts a pin first in the list. */
static void enlist(struct bough_store *store, struct bough_collect_pin *pin)
{
    pin->next = store->pins;
    pin->at = &store->pins;
    if (pin->next != NULL)
        pin->next->at = &pin->next;
    store->pins = pin;
}

void bough_collect_pin_value(struct bough_store *store, struct bough_collect_pin *pin,
                             const struct bough_value *value)
{
    *pin = (struct bough_collect_pin){.kind = BOUGH_KIND_VALUE, .link = value->link};
    enlist(store, pin);
}

void bough_collect_pin_commit(struct bough_store *store, struct bough_collect_pin *pin,
                              const struct bough_link *commit)
{
    *pin = (struct bough_collect_pin){.kind = BOUGH_KIND_COMMIT, .link = *commit};
    enlist(store, pin);
}

void bough_collect_pin_state(struct bough_store *store, struct bough_collect_pin *pin)
{
    *pin = (struct bough_collect_pin){.kind = BOUGH_KIND_NODE, .link = store->state.root};
    enlist(store, pin);
}

void bough_collect_pin_end(struct bough_collect_pin *pin)
{
    if (pin->at == NULL)
        return;
    assert(*pin->at == pin);
    *pin->at = pin->next;
    if (pin->next != NULL)
        pin->next->at = pin->at;
    *pin = (struct bough_collect_pin){0};
}
