"""How much an archive of pictures may hold, and what reading it may take."""

MAX_FILES = 20_000
MAX_BYTES = 200 * 10**6  # of all files, unpacked
MAX_FILE_BYTES = 65 * 10**6  # of one, unpacked: the largest picture as a BMP of four bytes a pixel
MAX_RATIO = 200  # unpacked / packed, of a file above RATIO_FROM; a black bitmap may well be packed 1000 : 1
RATIO_FROM = 10**6
MAX_MEGAPIXELS = 16
MAX_CLASSES = 1000
MAX_TABLE_BYTES = 10 * 10**6
MAX_LABEL = 100  # characters
MAX_RESULT_BYTES = 512 * 10**6  # of the finished tensors
SPARE_DISK = 100 * 10**6  # bytes that are left to everyone else
MAX_PROBLEMS = 50  # that are told one by one

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")

# Of the process that reads
PROCESSES = 2  # that decode side by side
MEMORY = 2 * 2**30  # bytes of address space each
CPU_SECONDS = 300  # each
SECONDS = 600  # in all
