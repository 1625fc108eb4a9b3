"""Your own images on the Datasets page: from an upload to a dataset that is browsed, trained on and kept."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets_page import facts, show
from image_zips import class_folders, picture, zipped
from PIL import Image
from streamlit.testing.v1 import AppTest

from nnlab.data import dataset_info, load_dataset
from nnlab.data.images import ImageOptions, export_zip, import_images, save_as, saved_images
from nnlab.paths import data_root
from nnlab.ui.datasets.images.example import COUNT, example_zip
from nnlab.ui.datasets.images.found import split_counts
from nnlab.ui.datasets.images.names import guess_label, harmless, numbered
from nnlab.ui.datasets.images.upload import MOST_PICTURES, accept
from nnlab.ui.datasets.images.work import Work
from nnlab.ui.text import plain

_PHOTOS = data_root() / "photos"  # now: a test may choose a data root of its own


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data root, and nowhere else to look for datasets."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def page(root: Path) -> AppTest:
    return show(part="images")


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """The page after these files were dropped on it, and all that follows by itself."""
    page.file_uploader[0].set_value([(name, data, "application/octet-stream") for name, data in files])
    return settle(page.run())


def settle(page: AppTest) -> AppTest:
    """Run the page until nothing is going on any more in the background."""
    end = time.monotonic() + 60
    while page.get("progress"):
        assert time.monotonic() < end, "nothing comes of the work"
        page.run()
    assert not page.exception
    return page


def press(page: AppTest, key: str) -> AppTest:
    return settle(page.button(key=key).click().run())


def test_a_zip_of_class_folders_becomes_the_dataset_that_is_browsed(page: AppTest, tmp_path: Path) -> None:
    packed = class_folders(each=10, classes=("cat", "dog", "eel"), test=2)
    upload(page, ("my photos.zip", packed))
    told = facts(page)
    assert (told["Found as"], told["Classes"], told["Images"]) == ("class folders", "3", "36")
    table = page.dataframe[0].value
    assert table.to_dict("list") == {
        "Class": ["cat", "dog", "eel"], "Training": [10, 10, 10], "Test": [2, 2, 2],
    }  # fmt: skip
    assert "images-test_share" not in [widget.key for widget in page.number_input]  # it has a test folder
    page.segmented_control(key="images-fit").set_value("stretch").run()
    page.select_slider(key="images-image_size").set_value(24).run()
    assert any("(30, 3, 24, 24)" in caption.value for caption in page.caption)

    press(page, "images-use")
    name = page.query_params["dataset"]
    assert name.startswith("images/~") and "part" not in page.query_params
    assert page.selectbox(key="datasets-dataset").value == name
    assert "my photos" in page.selectbox(key="datasets-dataset").options
    assert facts(page)["Training images"] == "30" and facts(page)["Shape (C × H × W)"] == "3 × 24 × 24"
    data = load_dataset(name)
    assert data.classes == ("cat", "dog", "eel")
    expected = Image.open(io.BytesIO(picture(104))).resize((24, 24), Image.Resampling.BILINEAR)
    dogs = data.train.images[data.train.labels == 1]
    assert any(torch.equal(image, torch.tensor(np.asarray(expected)).permute(2, 0, 1)) for image in dogs)


def test_what_is_held_out_is_told_as_it_will_be(page: AppTest) -> None:
    upload(page, ("photos.zip", class_folders(each=7)))
    page.number_input(key="images-test_share").set_value(40).run()
    page.number_input(key="images-seed").set_value(3).run()
    page.segmented_control(key="images-channels").set_value(1).run()
    found, options = current(page).looking.result, current(page).options
    assert options == ImageOptions(32, 1, "fit", 0.4, 3)
    press(page, "images-use")
    info = dataset_info(page.query_params["dataset"])
    assert (info.train_count, info.test_count) == split_counts(found, options) == (8, 6)
    assert info.shape == (1, 32, 32)


def test_problems_are_listed_and_another_upload_mends_them(page: AppTest) -> None:
    files = {f"images/{i}.png": picture(i) for i in range(4)}
    table = b"file,label\n0.png,cat\n1.png,cat\nnone.png,dog\n2.png,dog\n2.png,cat\n3.png,dog\n"
    bad = zipped({**files, "images/4.png": b"nothing", "labels.csv": table})
    upload(page, ("bad.zip", bad))
    assert plain("bad.zip") in page.error[0].value and plain("Problems: 3") in page.error[0].value
    listed = page.dataframe[0].value
    assert list(zip(listed["File"], listed["Row"], strict=True)) == [
        ("labels.csv", "4"), ("labels.csv", "6"), ("images/4.png", ""),
    ]  # fmt: skip
    assert "images-use" not in [button.key for button in page.button]
    mended = b"file,label\n0.png,cat\n1.png,cat\n2.png,dog\n3.png,dog\n"
    upload(page, ("good.zip", zipped({**files, "labels.csv": mended})))
    assert not page.error
    assert facts(page)["Found as"] == "images and a CSV"
    press(page, "images-use")
    assert load_dataset(page.query_params["dataset"]).classes == ("cat", "dog")


def test_what_only_the_choice_made_rules_out_is_told_and_mended_by_another_choice(page: AppTest) -> None:
    files = {f"{label}/{i}.png": picture(i) for label in ("cat", "dog") for i in range(3)}
    upload(page, ("photos.zip", zipped({**files, "cat/line.png": picture(9, side=(200, 1))})))
    assert not page.error
    press(page, "images-use")
    assert page.dataframe[0].value["File"].tolist() == ["cat/line.png"]
    page.segmented_control(key="images-fit").set_value("fill").run()
    press(page, "images-use")
    assert dataset_info(page.query_params["dataset"]).classes == ("cat", "dog")


def test_what_a_person_named_is_no_markup_in_what_is_told(page: AppTest) -> None:
    upload(page, ("photos.zip", zipped({f"{label}/1.png": picture(1) for label in ("*my* $x$", "dog")})))
    assert r"The class \*my\* \$x\$ has only one picture" in page.error[0].value


def test_at_most_fifty_problems_are_listed_and_all_are_counted(page: AppTest) -> None:
    files = {f"cat/{i}.png": b"no picture" for i in range(70)} | {
        "dog/1.png": picture(1),
        "dog/2.png": picture(2),
    }
    upload(page, ("bad.zip", zipped(files)))
    assert plain("Problems: 70") in page.error[0].value
    assert len(page.dataframe[0].value) == 50


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04 no zip", b"PK\x05\x06" + bytes(18), zipped({"a.txt": b"?"})]
)
def test_what_is_no_archive_of_images_gets_a_sentence(page: AppTest, data: bytes) -> None:
    upload(page, ("some.zip", data))
    assert plain("some.zip") in page.error[0].value
    page.button(key="images-remove").click().run()
    assert not page.error and "images-remove" not in [button.key for button in page.button]


def test_a_handful_of_files_is_labelled_on_the_page(page: AppTest) -> None:
    upload(page, ("cat_1.png", picture(1)), ("cat_2.png", picture(2)), ("IMG_3.png", picture(3)))
    upload(page, ("IMG_3.png", picture(4)))  # another one of that name: they join
    assert label_values(page) == {
        "cat_1.png": "cat",
        "cat_2.png": "cat",
        "IMG_3.png": "",
        "IMG_3 (2).png": "",
    }
    assert page.button(key="images-labelled").disabled
    page.text_input(key="images-label-several").set_value(" dog ").run()
    page.button(key="images-label-rest").click().run()
    assert list(label_values(page).values()) == ["cat", "cat", "dog", "dog"]
    press(page, "images-labelled")
    assert facts(page)["Classes"] == "2" and facts(page)["Found as"] == "labelled images"
    label(page, "cat_2.png").set_value("kitten").run()
    assert "images-use" not in [button.key for button in page.button]  # what was found is no longer true
    press(page, "images-labelled")
    assert "kitten" in " ".join(page.dataframe[0].value["What is wrong"])  # one is too few
    label(page, "cat_2.png").set_value("cat").run()
    press(page, "images-labelled")
    press(page, "images-use")
    data = load_dataset(page.query_params["dataset"])
    assert data.classes == ("cat", "dog") and len(data.train) + len(data.test) == 4
    assert dataset_info(data.name).title == "cat, dog"


def test_a_file_that_is_no_image_can_be_taken_out_again(page: AppTest) -> None:
    files = [(f"{name}{i}.png", picture(i)) for name in ("cat", "dog") for i in (1, 2)]
    upload(page, *files, ("dog3.png", b"nothing"))
    assert any("not an image" in caption.value for caption in page.caption)
    press(page, "images-labelled")
    assert "dog3.png" in page.dataframe[0].value["File"][0]
    [button] = [button for button in page.button if button.label == "dog3\\.png"]
    press(page, button.key)
    press(page, "images-labelled")
    assert facts(page)["Images"] == "4"


def test_a_zip_among_images_or_too_many_images_are_refused_and_nothing_is_lost(page: AppTest) -> None:
    upload(page, ("cat1.png", picture(1)))
    upload(page, ("photos.zip", class_folders()), ("dog1.png", picture(2)))
    assert "one zip by itself" in page.error[0].value
    assert label_values(page) == {"cat1.png": "cat"}
    upload(page, *((f"{i}.png", picture(1)) for i in range(MOST_PICTURES)))
    assert f"{MOST_PICTURES + 1} images" in page.error[0].value
    assert label_values(page) == {"cat1.png": "cat"}
    upload(page, ("dog1.png", picture(2)))
    assert not page.error and list(label_values(page)) == ["cat1.png", "dog1.png"]


def test_an_upload_waits_while_other_parts_are_looked_at(page: AppTest) -> None:
    upload(page, ("photos.zip", class_folders()))
    page.segmented_control(key="images-fit").set_value("fill").run()
    page.segmented_control(key="datasets-part").set_value("shapes").run()
    page.segmented_control(key="datasets-part").set_value("images").run()
    assert page.segmented_control(key="images-fit").value == "fill"
    assert facts(page)["Images"] == "20"


def test_saved_by_name_copied_and_deleted(page: AppTest) -> None:
    upload(page, ("photos.zip", class_folders()))
    press(page, "images-use")
    unsaved = page.query_params["dataset"]
    page.segmented_control(key="datasets-part").set_value("images").run()
    row = f"images-own-{unsaved}"
    assert page.text_input(key=f"{row}-name").value == "photos"
    for bad in ("", "a/b", "../a", "con", "x" * 41):
        page.text_input(key=f"{row}-name").set_value(bad)
        page.button(key=f"{row}-save").click().run()
        assert page.error and not saved_images()
    page.text_input(key=f"{row}-name").set_value(" cats and dogs ")
    page.button(key=f"{row}-save").click().run()
    assert not page.error and [info.title for info in saved_images()] == ["cats and dogs"]
    assert page.query_params["dataset"] == "images/cats and dogs"
    keys = [button.key for button in page.button]
    assert "images-own-images/cats and dogs-delete" in keys and f"{row}-delete" not in keys

    other = show(part="images")  # another session sees what is saved, and can copy it
    copy = "images-own-images/cats and dogs"
    other.text_input(key=f"{copy}-name").set_value("cats and dogs")
    other.button(key=f"{copy}-save").click().run()
    assert "cats and dogs" in other.error[0].value
    other.text_input(key=f"{copy}-name").set_value("pets")
    other.button(key=f"{copy}-save").click().run()
    assert [info.title for info in saved_images()] == ["cats and dogs", "pets"]

    page.button(key=f"{copy}-delete").click().run()
    assert [info.title for info in saved_images()] == ["pets"] and "dataset" not in page.query_params


def test_what_is_not_saved_is_seen_by_its_session_and_by_its_link(root: Path, page: AppTest) -> None:
    upload(page, ("photos.zip", class_folders()))
    press(page, "images-use")
    name = page.query_params["dataset"]
    assert "photos" not in train().selectbox(key="train-dataset").options
    linked = train(dataset=name)
    assert linked.selectbox(key="train-dataset").value == name and not linked.warning
    assert f"images-own-{name}-open" in [button.key for button in show(part="images", dataset=name).button]
    linked.query_params.clear()  # the reader comes back from another page
    linked.run()
    assert "photos" in linked.selectbox(key="train-dataset").options


def test_a_link_to_a_dataset_that_is_gone_gets_a_sentence(root: Path) -> None:
    for name in ("images/~" + "0" * 20, "images/../../etc", "images/", "images/nobody's"):
        page = train(dataset=name)
        assert not page.exception and "pictures" in page.warning[0].value
        assert page.selectbox(key="train-dataset").value == "strokes"


def test_an_export_taken_in_again_gives_the_same_tensors(root: Path, tmp_path: Path, page: AppTest) -> None:
    packed = tmp_path / "photos.zip"
    packed.write_bytes(class_folders(test=3))
    before = save_as(import_images(packed, ImageOptions(20, 3, "fill")), "before")
    upload(page, ("again.zip", export_zip(before).read_bytes()))
    page.select_slider(key="images-image_size").set_value(20).run()
    press(page, "images-use")
    old, new = load_dataset(before.name), load_dataset(page.query_params["dataset"])
    assert old.classes == new.classes
    for split in ("train", "test"):
        ours, theirs = getattr(old, split), getattr(new, split)
        assert torch.equal(ours.images, theirs.images) and torch.equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("layout", ["folders", "csv"])
def test_the_examples_to_try_hold_what_they_say(page: AppTest, layout: str) -> None:
    packed = example_zip(layout)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        kinds = {Image.open(archive.open(name)).format for name in archive.namelist() if "csv" not in name}
    assert kinds == {"PNG", "JPEG", "WEBP", "GIF", "BMP"}
    upload(page, (f"digits-{layout}.zip", packed))
    assert facts(page)["Images"] == str(COUNT) and facts(page)["Classes"] == "10"
    assert page.segmented_control(key="images-channels").value == 1


def test_labels_are_guessed_from_file_names() -> None:
    guesses = {
        "cat_01.png": "cat", "cat01.jpg": "cat", "ice cream 3.png": "ice cream", "고양이3.png": "고양이",
        "IMG_2041.jpg": "", "0001.png": "", "T-shirt2.gif": "T-shirt", "dog.png": "dog", ".png": "",
    }  # fmt: skip
    assert {name: guess_label(name) for name in guesses} == guesses


def test_names_of_uploads_are_harmless() -> None:
    assert harmless("../../etc/passwd") == "_.._etc_passwd"
    assert harmless("c:\\a\x00b.zip") == "c__a_b.zip"
    assert harmless("...") == "upload" and len(harmless("x" * 300)) == 80
    names = numbered("a.png")
    assert [next(names) for _ in range(3)] == ["a.png", "a (2).png", "a (3).png"]


def test_the_files_of_an_upload_go_with_it() -> None:
    data = class_folders()
    upload = accept([Dropped("photos.zip", data)], None)
    folder, archive = upload.folder, upload.archive
    assert archive is not None and archive.read_bytes() == data and archive.is_relative_to(folder)
    assert upload.looking is not None
    upload.looking.wait()
    del upload
    assert not folder.exists()


class Dropped:
    """A file as Streamlit hands it over."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data = name, data

    def getbuffer(self) -> memoryview:
        return memoryview(self.data)


def test_work_that_goes_wrong_is_told() -> None:
    def fail(tell: Callable[[int, int], None]) -> None:
        tell(1, 2)
        raise RuntimeError("nobody thought of it")

    work: Work[None] = Work(fail)
    work.wait()
    assert "nobody thought of it" in str(work.error) and (work.done, work.of) == (1, 2)


def use_in_browser(page: Any, classes: int) -> None:
    """Press the button, and wait for the images to be seen in the grid."""
    from playwright.sync_api import expect

    use = page.get_by_role("button", name="Use these images")
    use.click()
    expect(page).to_have_url(re.compile("dataset=images"))
    expect(use).to_have_count(0)
    grid = page.get_by_role("listbox").first
    expect(grid).to_have_attribute("data-version", re.compile(r"\d"), timeout=60_000)
    expect(page.locator("dt", has_text=re.compile("^Classes$")).locator("+ dd")).to_have_text(str(classes))


def delete_in_browser(page: Any) -> None:
    """Nothing is left behind in the data root of the server."""
    from playwright.sync_api import expect

    page.get_by_test_id("stButtonGroup").get_by_text("Your own images").click()
    row = page.locator("[class*=st-key-images-own-images]").first
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it for good").click()
    expect(page.get_by_role("button", name="Export")).to_have_count(0)


@pytest.mark.browser
def test_a_zip_in_a_browser(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(f"{lab}/datasets?part=images")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "broken.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04?"})
    expect(page.get_by_test_id("stAlert")).to_contain_text("broken.zip")
    expect(chooser).to_have_count(1)  # every upload gets a new chooser; the old one goes a moment later
    packed = class_folders(each=6)
    chooser.set_input_files({"name": "pets.zip", "mimeType": "application/zip", "buffer": packed})
    fits = page.get_by_role("img", name="The same picture by each way of making it square")
    expect(fits).to_have_attribute("data-version", re.compile(r"\d"), timeout=60_000)
    examples = page.get_by_role("listbox", name="Examples as a network would be given them")
    version = fits.get_attribute("data-version")
    box = examples.bounding_box()
    examples.click(position={"x": 0.9 * box["width"], "y": 0.3 * box["height"]})
    page.wait_for_function("([e, v]) => e.dataset.version !== v", arg=[fits.element_handle(), version])
    expect(page.get_by_text(re.compile(r"^dog/\d.png$"))).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    use_in_browser(page, classes=2)
    delete_in_browser(page)


@pytest.mark.browser
def test_a_handful_is_labelled_by_keyboard_in_a_browser(lab: str, open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(f"{lab}/datasets?part=images")
    files = [{"name": f"{i}.png", "mimeType": "image/png", "buffer": picture(i, (40, 30))} for i in range(4)]
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_role("button", name="Check these images")).to_be_disabled(timeout=60_000)
    for i, name in enumerate(("cat", "cat", "dog", "dog")):
        field = page.get_by_role("textbox", name=f"Label of {i}.png")
        field.fill(name)
        field.press("Enter")
        if i < 3:
            expect(page.get_by_text(f"without a label: {3 - i}")).to_be_visible()
    expect(page.get_by_text("cat: 2 · dog: 2")).to_be_visible()
    page.get_by_role("button", name="Check these images").press("Enter")
    expect(page.get_by_role("button", name="Use these images")).to_be_visible()
    use_in_browser(page, classes=2)
    delete_in_browser(page)


@pytest.mark.browser
@pytest.mark.photos
def test_photographs_in_a_browser(lab: str, open_page: Callable[..., Any], photos: Path) -> None:
    from playwright.sync_api import expect

    page = open_page(f"{lab}/datasets?part=images")
    page.locator("input[type=file]").set_input_files(str(photos / "cifar10-folders.zip"))
    expect(page.get_by_text("(3,000, 3, 32, 32) for training and (600, …) for the test")).to_be_visible(
        timeout=60_000
    )
    use_in_browser(page, classes=10)
    delete_in_browser(page)


@pytest.mark.photos
def test_photographs_with_a_table(page: AppTest, photos: Path) -> None:
    upload(page, ("cifar10-csv.zip", (photos / "cifar10-csv.zip").read_bytes()))
    assert facts(page)["Found as"] == "images and a CSV"
    assert (facts(page)["Images"], facts(page)["Classes"]) == ("1,000", "10")
    assert page.segmented_control(key="images-channels").value == 3
    press(page, "images-use")
    assert load_dataset(page.query_params["dataset"]).classes == tuple("0123456789")


@pytest.fixture
def photos() -> Path:
    """The folder of photographs, in the data root that the tests were started with."""
    if not (_PHOTOS / "cifar10-folders.zip").is_file():
        pytest.skip(f"no photographs in {_PHOTOS}")
    return _PHOTOS


def train(**query: str) -> AppTest:
    """The Train page, which lists the same datasets and loads none."""
    app = show(part="images")
    app.switch_page("pages/lab/train.py")
    app.query_params.update(query)
    return app.run()


def current(page: AppTest) -> Any:
    return page.session_state["images:current"]


def label(page: AppTest, file: str) -> Any:
    [field] = [field for field in page.text_input if field.label == f"Label of {file}"]
    return field


def label_values(page: AppTest) -> dict[str, str]:
    fields = [field for field in page.text_input if field.label.startswith("Label of ")]
    return {field.label.removeprefix("Label of "): field.value for field in fields}
