if __name__ == "__main__":
    from shared.cli import main

    from dispatch.service import service

    main(service)
