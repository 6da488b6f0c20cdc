"""What an installation holds and needs."""

from pathlib import Path
from zipfile import ZipFile

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent


def test_the_wheel_holds_the_templates_of_the_page(tmp_path):
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    templates = ROOT / "trainer" / "view" / "page" / "templates"
    files = {str(file.relative_to(ROOT)) for file in templates.rglob("*") if file.is_file()}
    assert "trainer/view/page/templates/page.html" in files
    assert files <= set(ZipFile(wheel).namelist())
