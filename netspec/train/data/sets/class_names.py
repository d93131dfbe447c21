"""The classes of torchvision's data sets, in the order of their labels.

Saved here so that a set that is in the cache needs neither torchvision nor its own files' lists.
"""

_WORDS = {
    "CIFAR10": "airplane automobile bird cat deer dog frog horse ship truck",
    "STL10": "airplane bird car cat deer dog horse monkey ship truck",
    "FashionMNIST": "T-shirt/top trouser pullover dress coat sandal shirt sneaker bag ankle_boot",
    "KMNIST": "o ki su tsu na ha ma ya re wo",
    "CIFAR100": """
        apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
        butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch
        crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo
        keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain
        mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain
        plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
        skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone
        television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
    """,
}
_DIGITS = "0 1 2 3 4 5 6 7 8 9"


def class_names(dataset: str) -> tuple[str, ...]:
    """The classes of `dataset`; digits where it has no other names, as MNIST and SVHN."""
    return tuple(_WORDS.get(dataset, _DIGITS).split())
