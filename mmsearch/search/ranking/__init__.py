"""From channels to a ranking: weights, fusion, threshold, order, pages."""
