"""Who is measured next: what is compared takes turns, so that all meet the same minutes."""


def turns(items, rounds):
    """All items in every round, which begins with another one each time."""
    items = list(items)
    for first in range(rounds):
        first %= len(items)
        yield from items[first:] + items[:first]
