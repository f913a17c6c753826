"""Embedding tables in few bits."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="needs the torch extra")


@pytest.fixture
def weight():  # noqa: ANN201
    return torch.randn(1200, 384, generator=torch.Generator().manual_seed(1))


def test_a_table_in_eight_bits_is_off_by_half_a_step_at_most(weight):  # noqa: ANN001, ANN201
    from mmsearch.train.towers.tables import RoundedTable

    step = weight.abs().amax(1, keepdim=True) / 127
    assert ((RoundedTable(weight).weight - weight).abs() <= step * 0.501).all()


def test_a_table_in_four_bits_keeps_the_direction_of_every_row_in_a_seventh_of_the_bytes(weight):  # noqa: ANN001, ANN201
    from mmsearch.train.towers.tables import PackedTable

    packed = PackedTable(weight)
    assert torch.nn.functional.cosine_similarity(packed.weight, weight).min() > 0.99
    size = sum(b.numel() * b.element_size() for b in packed.buffers())
    assert size * 7 < weight.numel() * 4


def test_looking_up_rows_gives_those_of_the_whole_table_in_any_shape(weight):  # noqa: ANN001, ANN201
    from mmsearch.train.towers.tables import PackedTable

    packed = PackedTable(weight)
    ids = torch.tensor([[3, 7], [1199, 0]])
    assert torch.equal(packed(ids), packed.weight[ids])


def test_scales_are_chosen_so_that_they_change_a_group_less_than_its_largest_number_would(weight):  # noqa: ANN001, ANN201
    from mmsearch.train.towers.tables import GROUP, PackedTable

    groups = weight.view(1200, -1, GROUP)
    step = groups.abs().amax(2, keepdim=True) / 7
    plain = ((groups / step).round() * step).view_as(weight)
    assert (PackedTable(weight).weight - weight).square().sum() < (plain - weight).square().sum()


def test_a_width_that_does_not_fit_is_refused():  # noqa: ANN201
    from mmsearch.train.towers.tables import PackedTable

    with pytest.raises(ValueError, match="multiple of 128"):
        PackedTable(torch.zeros(4, 192))
